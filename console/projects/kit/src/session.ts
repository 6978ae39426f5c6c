import { Injectable, computed, inject } from '@angular/core';
import { AuthApi, type Credentials, type Registration } from './auth-api';
import type { Claims } from './access-token';
import { Refresh } from './refresh';
import type { Permission, Role } from './register';
import { SessionState } from './session-state';
import { tokensOf, type AuthPayload } from './tokens';

/** Who is signed in, as the access token says: for what is shown, never for what is allowed. */
export interface SessionUser {
  readonly id: string;
  readonly sessionId: string;
  /** With the roles that they include. */
  readonly roles: readonly Role[];
  readonly permissions: readonly Permission[];
}

/** The session of this page. */
@Injectable({ providedIn: 'root' })
export class Session {
  readonly #api = inject(AuthApi);
  readonly #state = inject(SessionState);

  /** Settles when it is known whether somebody is signed in: until then `user` is null. */
  readonly resumed = inject(Refresh).resumed;
  /** The same object until a refresh brings other roles. */
  readonly user = computed(() => userOf(this.#state.claims()), { equal: isSame });
  /** When the access token expires. */
  readonly expiresAt = computed(() => {
    const tokens = this.#state.tokens();
    return tokens && new Date(tokens.expiresAt);
  });

  hasPermission(...permissions: readonly Permission[]): boolean {
    return permissions.every((permission) => this.user()?.permissions.includes(permission));
  }

  hasRole(...roles: readonly Role[]): boolean {
    return roles.every((role) => this.user()?.roles.includes(role));
  }

  /** @throws GraphApiError `INVALID_CREDENTIALS`, `RATE_LIMITED`, … */
  async signIn(credentials: Credentials): Promise<void> {
    this.adopt(await this.#api.login(credentials, this.#state.inCookie));
  }

  /**
   * Makes an account. Returns whether it is signed in: else the address has to be confirmed first.
   *
   * @throws GraphApiError `BAD_USER_INPUT`, `CONFLICT`, `FORBIDDEN` where registration is closed, …
   */
  async register(registration: Registration): Promise<boolean> {
    const auth = await this.#api.register(registration, this.#state.inCookie);
    if (auth) this.adopt(auth);
    return auth !== null;
  }

  /** Goes on with what another mutation answered, such as `changePassword`. */
  adopt(auth: AuthPayload): void {
    this.#state.adopt(tokensOf(auth));
  }

  /**
   * Signs out in every tab, also if the server can't be reached.
   *
   * @throws GraphApiError `UNREACHABLE`: then the cookie is still there, and the session open.
   */
  async signOut(): Promise<void> {
    const refreshToken = this.#state.tokens()?.refreshToken ?? null;
    this.#state.end({ wayBack: false });
    await this.#api.logout(refreshToken);
  }
}

function userOf(claims: Claims | null): SessionUser | null {
  return (
    claims && {
      id: claims.sub,
      sessionId: claims.sid,
      roles: claims.roles as readonly Role[],
      permissions: claims.scope.split(' ').filter(Boolean) as Permission[],
    }
  );
}

function isSame(one: SessionUser | null, other: SessionUser | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

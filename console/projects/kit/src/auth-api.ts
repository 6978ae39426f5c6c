import { HttpContext, HttpContextToken } from '@angular/common/http';
import { Injectable, inject } from '@angular/core';
import { GraphQLClient, type TypedDocument } from './graphql-client';
import type { AuthPayload } from './tokens';

/** Marks the requests that the interceptor leaves alone: what signs in needs no token. */
export const WITHOUT_TOKEN = new HttpContextToken<boolean>(() => false);

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export interface Registration extends Credentials {
  readonly name?: string | null;
}

type Input<T> = { readonly input: T };
type RefreshTokenInput = { readonly refreshToken: string };

const AUTH = 'accessToken refreshToken expiresIn';

const LOGIN: TypedDocument<{ login: AuthPayload }, Input<Credentials>> =
  `mutation Login($input: LoginInput!) { login(input: $input) { ${AUTH} } }`;
const REGISTER: TypedDocument<{ register: { auth: AuthPayload | null } }, Input<Registration>> =
  `mutation Register($input: RegisterInput!) { register(input: $input) { auth { ${AUTH} } } }`;
const REFRESH: TypedDocument<{ refresh: AuthPayload }, Input<RefreshTokenInput | null>> =
  `mutation Refresh($input: RefreshInput) { refresh(input: $input) { ${AUTH} } }`;
const LOGOUT: TypedDocument<{ logout: unknown }, Input<RefreshTokenInput | null>> =
  'mutation Logout($input: LogoutInput) { logout(input: $input) { endedSessionIds } }';

/** The four mutations that make and end sessions. */
@Injectable({ providedIn: 'root' })
export class AuthApi {
  readonly #client = inject(GraphQLClient);

  async login(credentials: Credentials, cookie: boolean): Promise<AuthPayload> {
    return (await this.#client.request(LOGIN, { input: credentials }, sending(cookie))).login;
  }

  /** Null if the address has to be confirmed first. */
  async register(registration: Registration, cookie: boolean): Promise<AuthPayload | null> {
    const sent = { input: registration };
    return (await this.#client.request(REGISTER, sent, sending(cookie))).register.auth;
  }

  /** @param refreshToken null where the cookie has it. */
  async refresh(refreshToken: string | null): Promise<AuthPayload> {
    const sent = { input: refreshToken === null ? null : { refreshToken } };
    return (await this.#client.request(REFRESH, sent, sending(refreshToken === null))).refresh;
  }

  async logout(refreshToken: string | null): Promise<void> {
    const sent = { input: refreshToken === null ? null : { refreshToken } };
    await this.#client.request(LOGOUT, sent, sending(refreshToken === null));
  }
}

/** `Graph-Api-Session` asks the server to keep the refresh token in a cookie. */
function sending(cookie: boolean) {
  return {
    context: new HttpContext().set(WITHOUT_TOKEN, true),
    withCredentials: cookie,
    headers: cookie ? { 'Graph-Api-Session': 'cookie' } : {},
  };
}

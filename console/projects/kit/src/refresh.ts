import { Injectable, inject } from '@angular/core';
import { AuthApi } from './auth-api';
import { GraphApiError } from './errors';
import { SessionState } from './session-state';
import { Tabs } from './tabs';
import { tokensOf } from './tokens';

/** One refresh for all requests in flight, and for all open tabs. */
@Injectable({ providedIn: 'root' })
export class Refresh {
  readonly #api = inject(AuthApi);
  readonly #state = inject(SessionState);
  readonly #tabs = inject(Tabs);
  #running: Promise<string | null> | null = null;

  /** Settles when it is known whether this page is signed in. */
  readonly resumed = this.#resume();

  /**
   * A token other than the one that was refused, or null: the session is over, or the server can't
   * be reached.
   */
  renew(refused: string | null): Promise<string | null> {
    const current = this.#otherThan(refused);
    if (current) return Promise.resolve(current);
    this.#running ??= this.#tabs
      .exclusively(() => this.#renew(refused))
      .finally(() => (this.#running = null));
    return this.#running;
  }

  async #resume(): Promise<void> {
    const tokens = this.#state.tokens();
    if (tokens && Date.now() < tokens.expiresAt) return;
    await this.renew(tokens?.accessToken ?? null);
  }

  /** Another tab may have done it while this one waited for its turn. */
  async #renew(refused: string | null): Promise<string | null> {
    await this.#tabs.ask(() => this.#otherThan(refused) !== null);
    if (this.#otherThan(refused) === null) await this.#exchange();
    return this.#otherThan(refused);
  }

  /** Whoever signs in or out in the meantime wins. */
  async #exchange(): Promise<void> {
    const before = this.#state.tokens();
    try {
      const auth = await this.#api.refresh(this.#refreshToken());
      if (this.#state.tokens() === before) this.#state.adopt(tokensOf(auth));
    } catch (error) {
      if (!(error instanceof GraphApiError)) throw error;
      const ended = error.code === 'SESSION_ENDED' && this.#state.tokens() === before;
      if (ended) this.#state.end({ wayBack: true });
    }
  }

  #refreshToken(): string | null {
    if (this.#state.inCookie) return null;
    const token = this.#state.tokens()?.refreshToken;
    if (token) return token;
    throw new GraphApiError([{ message: 'There is no session.', extensions: { code: 'SESSION_ENDED' } }]);
  }

  #otherThan(refused: string | null): string | null {
    const current = this.#state.accessToken();
    return current === refused ? null : current;
  }
}

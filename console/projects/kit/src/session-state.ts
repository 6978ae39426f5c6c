import { Injectable, computed, inject, signal } from '@angular/core';
import { Router } from '@angular/router';
import { decodeAccessToken } from './access-token';
import { AUTH_OPTIONS } from './options';
import { Tabs, type Message } from './tabs';
import { tokenStorage } from './token-storage';
import type { Tokens } from './tokens';

/** The tokens of this tab, and what other tabs say of theirs. */
@Injectable({ providedIn: 'root' })
export class SessionState {
  readonly #options = inject(AUTH_OPTIONS);
  readonly #router = inject(Router);
  readonly #tabs = inject(Tabs);
  readonly #storage = tokenStorage(this.#options.storage);
  readonly #tokens = signal(this.#storage.read());
  readonly #over = new Set<string>();

  /** Whether the refresh token is in the browser's cookie. */
  readonly inCookie = this.#storage.cookie;
  readonly tokens = this.#tokens.asReadonly();
  readonly accessToken = computed(() => this.#tokens()?.accessToken ?? null);
  readonly claims = computed(() => decode(this.#tokens()));

  constructor() {
    this.#tabs.listen((message) => this.#hear(message));
  }

  /** Goes on with these tokens, in all tabs. */
  adopt(tokens: Tokens): void {
    this.#keep(tokens);
    this.#tabs.tell({ kind: 'tokens', tokens });
  }

  /** Forgets the session in all tabs, and asks to sign in; with a way back, if it was no wish. */
  end({ wayBack }: { wayBack: boolean }): void {
    const sessionId = this.claims()?.sid;
    if (sessionId) this.#tabs.tell({ kind: 'ended', sessionId });
    this.#forget(wayBack);
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'ask':
        return this.#offer();
      case 'tokens':
        return this.#consider(message.tokens);
      case 'ended':
        if (message.sessionId === this.claims()?.sid) this.#forget(true);
    }
  }

  #offer(): void {
    const tokens = this.#tokens();
    if (tokens && Date.now() < tokens.expiresAt) this.#tabs.tell({ kind: 'tokens', tokens });
  }

  /** Takes another tab's tokens if they are of this tab's session, or all tabs share one. */
  #consider(tokens: Tokens): void {
    const [theirs, ours] = [decode(tokens), this.claims()];
    if (!theirs || this.#over.has(theirs.sid) || Date.now() >= tokens.expiresAt) return;
    const concerned = this.#storage.shared || theirs.sid === ours?.sid;
    if (concerned && (!ours || theirs.iat >= ours.iat)) this.#keep(tokens);
  }

  #keep(tokens: Tokens): void {
    this.#storage.write(tokens);
    this.#tokens.set(tokens);
  }

  #forget(wayBack: boolean): void {
    const claims = this.claims();
    if (claims) this.#over.add(claims.sid);
    this.#storage.write(null);
    if (this.#tokens() === null) return;
    this.#tokens.set(null);
    const [signIn, here] = [this.#options.signInUrl, this.#router.url];
    const queryParams = wayBack ? { returnUrl: here } : {};
    if (!here.startsWith(signIn)) void this.#router.navigate([signIn], { queryParams });
  }
}

function decode(tokens: Tokens | null) {
  return tokens && decodeAccessToken(tokens.accessToken);
}

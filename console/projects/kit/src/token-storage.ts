import type { Storage as Choice } from './options';
import type { Tokens } from './tokens';

/**
 * Where tokens are kept. A script that was smuggled into the page (XSS) can act as the person while
 * the page is open, whatever is chosen; they differ in what it can carry away:
 *
 * | | A reload | A new tab | The script carries away |
 * | --- | --- | --- | --- |
 * | `memory` | stays signed in, by the cookie | signed in | an access token: five minutes |
 * | `session` | stays signed in | signs in anew | the refresh token: the session, until it is used twice |
 * | `local` | stays signed in | signed in | the same, also weeks later, and with the page closed |
 *
 * `memory` needs the cookie, which the browser sends to the server's own site only. Take `session`
 * for an API on another site, and `local` only for what is worth nothing.
 */
export interface TokenStorage {
  /** Whether all tabs see the same tokens, so that they are always signed in as one person. */
  readonly shared: boolean;
  /** Whether the refresh token is in the browser's cookie. */
  readonly cookie: boolean;
  read(): Tokens | null;
  write(tokens: Tokens | null): void;
}

export function tokenStorage(choice: Choice): TokenStorage {
  switch (choice) {
    case 'memory':
      return memory();
    case 'session':
      return webStorage(sessionStorage, false);
    case 'local':
      return webStorage(localStorage, true);
  }
}

function memory(): TokenStorage {
  let kept: Tokens | null = null;
  return { shared: true, cookie: true, read: () => kept, write: (tokens) => (kept = tokens) };
}

const KEY = 'graph-api-tokens';

function webStorage(storage: globalThis.Storage, shared: boolean): TokenStorage {
  return {
    shared,
    cookie: false,
    read: () => parse(storage.getItem(KEY)),
    write: (tokens) =>
      tokens ? storage.setItem(KEY, JSON.stringify(tokens)) : storage.removeItem(KEY),
  };
}

/** Others may have written there, too. */
function parse(text: string | null): Tokens | null {
  try {
    const tokens = JSON.parse(text ?? 'null');
    return typeof tokens?.accessToken === 'string' ? tokens : null;
  } catch {
    return null;
  }
}

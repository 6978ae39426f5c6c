import { DOCUMENT, effect, inject } from '@angular/core';
import { Refresh } from './refresh';
import { SessionState } from './session-state';
import type { Tokens } from './tokens';

/** The shares of a token's life after which it is renewed; windows side by side differ. */
const EARLIEST = 0.7;
const LATEST = 0.8;

/** Milliseconds until the next try, if the server can't be reached. */
const RETRY = 10_000;

/** Renews each token before it expires, while the page is seen and the machine is online. */
export function refreshAhead(): void {
  const state = inject(SessionState);
  const refresh = inject(Refresh);
  const document = inject(DOCUMENT);
  effect((onCleanup) => {
    const tokens = state.tokens();
    if (tokens) onCleanup(whenDue(tokens, document, () => void refresh.renew(tokens.accessToken)));
  });
}

/** Calls back when a token is due; returns how to stop. */
function whenDue(tokens: Tokens, document: Document, renew: () => void): () => void {
  const window = document.defaultView!;
  const share = EARLIEST + (LATEST - EARLIEST) * Math.random();
  // Whole milliseconds: a timer drops the rest, and would look too early.
  const wait = Math.ceil(Math.max(0, tokens.expiresAt - Date.now()) * share);
  let due = Date.now() + wait;
  let timer = setTimeout(look, wait);

  function look(): void {
    if (Date.now() < due || document.hidden || !window.navigator.onLine) return;
    due = Date.now() + RETRY;
    clearTimeout(timer);
    timer = setTimeout(look, RETRY);
    renew();
  }

  document.addEventListener('visibilitychange', look);
  window.addEventListener('online', look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
    window.removeEventListener('online', look);
  };
}

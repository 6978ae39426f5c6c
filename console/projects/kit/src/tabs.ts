import { Injectable, InjectionToken, inject } from '@angular/core';
import type { Tokens } from './tokens';

/** What tabs of one origin tell each other. */
export type Message =
  /** Who has tokens that are newer than mine? */
  | { readonly kind: 'ask' }
  /** These are the tokens now. */
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  /** This session is over. */
  | { readonly kind: 'ended'; readonly sessionId: string };

/** How tabs reach each other: Web Locks and a BroadcastChannel, or a test's own. */
export interface Link {
  /** Runs one action at a time, over all tabs. */
  exclusively<T>(action: () => Promise<T>): Promise<T>;
  /** Whether no other tab is open. */
  alone(): Promise<boolean>;
  post(message: Message): void;
  /** Returns how to stop listening. */
  listen(listener: (message: Message) => void): () => void;
}

const NAME = 'graph-api-session';
const PRESENCE = 'graph-api-tab';

/** Without Web Locks, as over plain HTTP in a LAN, each tab refreshes for itself. */
export const LINK = new InjectionToken<Link>('how tabs reach each other', {
  providedIn: 'root',
  factory: () => {
    const locks = navigator.locks as LockManager | undefined;
    const channel = new BroadcastChannel(NAME);
    const present = locks && bePresent(locks);
    return {
      exclusively: (action) => (locks ? inTurn(locks, action) : action()),
      alone: async () => {
        await present;
        const held = (await locks?.query())?.held ?? [];
        return held.filter(({ name }) => name === PRESENCE).length < 2;
      },
      post: (message) => channel.postMessage(message),
      listen: (listener) => {
        const heard = ({ data }: MessageEvent<Message>) => listener(data);
        channel.addEventListener('message', heard);
        return () => channel.removeEventListener('message', heard);
      },
    };
  },
});

/** Milliseconds to wait for one's turn: a tab that hangs must not make the others hang. */
const LONGEST_TURN = 10_000;

async function inTurn<T>(locks: LockManager, action: () => Promise<T>): Promise<T> {
  const waiting = new AbortController();
  const giveUp = setTimeout(() => waiting.abort(), LONGEST_TURN);
  const { signal } = waiting;
  const run = () => {
    clearTimeout(giveUp);
    return action();
  };
  return locks.request(NAME, { signal }, run).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    return action();
  });
}

/** Holds a lock that all tabs may hold, for as long as the page lives; settles when it has it. */
function bePresent(locks: LockManager): Promise<void> {
  return new Promise((resolve) => {
    void locks.request(PRESENCE, { mode: 'shared' }, () => {
      resolve();
      return new Promise(() => undefined);
    });
  });
}

/** Milliseconds that another tab has to answer: it takes a few, unless the machine is busy. */
const PATIENCE = 500;

@Injectable({ providedIn: 'root' })
export class Tabs {
  readonly #link = inject(LINK);

  exclusively<T>(action: () => Promise<T>): Promise<T> {
    return this.#link.exclusively(action);
  }

  tell(message: Message): void {
    this.#link.post(message);
  }

  listen(listener: (message: Message) => void): void {
    this.#link.listen(listener);
  }

  /**
   * Asks the other tabs for their tokens, and waits until one of them has brought what was wanted.
   *
   * The lock's turn may come before the message that told of the refresh: so we ask again.
   *
   * @param found says whether there is now what was wanted.
   */
  async ask(found: () => boolean): Promise<void> {
    if (found() || (await this.#link.alone())) return;
    await new Promise<void>((resolve) => {
      const giveUp = setTimeout(done, PATIENCE);
      const deaf = this.#link.listen(() => found() && done());
      this.#link.post({ kind: 'ask' });
      function done() {
        clearTimeout(giveUp);
        deaf();
        resolve();
      }
    });
  }
}

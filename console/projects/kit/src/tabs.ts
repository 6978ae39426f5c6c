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
  post(message: Message): void;
  /** Returns how to stop listening. */
  listen(listener: (message: Message) => void): () => void;
}

const NAME = 'graph-api-session';

/** Without Web Locks, as over plain HTTP in a LAN, each tab refreshes for itself. */
export const LINK = new InjectionToken<Link>('how tabs reach each other', {
  providedIn: 'root',
  factory: () => {
    const channel = new BroadcastChannel(NAME);
    return {
      exclusively: (action) => navigator.locks?.request(NAME, action) ?? action(),
      post: (message) => channel.postMessage(message),
      listen: (listener) => {
        const heard = ({ data }: MessageEvent<Message>) => listener(data);
        channel.addEventListener('message', heard);
        return () => channel.removeEventListener('message', heard);
      },
    };
  },
});

/** Milliseconds that another tab has to answer: it answers within one or two, if it is awake. */
const PATIENCE = 50;

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
    if (found()) return;
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

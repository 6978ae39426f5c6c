import { inject, linkedSignal, resource, type Signal } from '@angular/core';
import { Session } from '@graph-api/angular';

/** What a page has asked the server for. */
export interface Asked<T> {
  /** The answer; while it is asked anew, the last one, unless it was somebody else’s. */
  readonly value: Signal<T | undefined>;
  readonly isLoading: Signal<boolean>;
  readonly error: Signal<Error | undefined>;
  reload(): void;
}

/**
 * Asks now, and anew when what is asked for changes, somebody else signs in, or a refresh brings
 * other roles.
 */
export function ask<P, T>(
  params: () => P,
  loader: (params: P, signal: AbortSignal) => Promise<T>,
): Asked<T> {
  const session = inject(Session);
  const asked = resource({
    params: () => {
      const user = session.user();
      return user ? { user, given: params() } : undefined;
    },
    loader: ({ params: { given }, abortSignal }) => loader(given, abortSignal),
  });
  const value = linkedSignal<{ now: T | undefined; whose: string | undefined }, T | undefined>({
    source: () => ({ now: asked.hasValue() ? asked.value() : undefined, whose: session.user()?.id }),
    computation: ({ now, whose }, before) =>
      now ?? (before?.source.whose === whose ? before?.value : undefined),
  });
  return { value, isLoading: asked.isLoading, error: asked.error, reload: () => void asked.reload() };
}

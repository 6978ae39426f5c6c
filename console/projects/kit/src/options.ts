import { InjectionToken } from '@angular/core';

/** Where tokens are kept, and what it costs: see `token-storage.ts`. */
export type Storage = 'memory' | 'session' | 'local';

/** What {@link provideGraphApiAuth} takes; only `endpoint` is needed. */
export interface GraphApiAuthOptions {
  /** The URL of the GraphQL endpoint, absolute or of the page's own origin: `/graphql`. */
  readonly endpoint: string;
  /**
   * Hosts that get the access token, with their port unless it is the default; the endpoint's
   * own host if absent. A string is compared whole: `example.com` does not mean its subdomains.
   */
  readonly allowedDomains?: readonly (string | RegExp)[];
  /** URLs that never get it, without their query; a RegExp is tried on the whole URL. */
  readonly disallowedRoutes?: readonly (string | RegExp)[];
  /** Where tokens are kept: `memory` by default. */
  readonly storage?: Storage;
  /** The route to sign in at: `/sign-in` by default. It gets `returnUrl` as a query parameter. */
  readonly signInUrl?: string;
  /** The route that says that one may not: `/forbidden` by default. */
  readonly forbiddenUrl?: string;
}

/** The options, with what was left out. */
export const AUTH_OPTIONS = new InjectionToken<Required<GraphApiAuthOptions>>('graph-api options');

export function withDefaults(options: GraphApiAuthOptions, page: string): Required<GraphApiAuthOptions> {
  return {
    allowedDomains: [new URL(options.endpoint, page).host],
    disallowedRoutes: [],
    storage: 'memory',
    signInUrl: '/sign-in',
    forbiddenUrl: '/forbidden',
    ...options,
  };
}

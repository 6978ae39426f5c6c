import {
  DOCUMENT,
  inject,
  makeEnvironmentProviders,
  provideEnvironmentInitializer,
  type EnvironmentProviders,
} from '@angular/core';
import { AUTH_OPTIONS, withDefaults, type GraphApiAuthOptions } from './options';
import { refreshAhead } from './refresh-ahead';

/**
 * Signs this application's people in at a graph-api server. The interceptor stands beside it:
 *
 * ```ts
 * provideHttpClient(withInterceptors([graphApiAuthInterceptor])),
 * provideGraphApiAuth({ endpoint: 'https://api.example.com/graphql' }),
 * ```
 */
export function provideGraphApiAuth(options: GraphApiAuthOptions): EnvironmentProviders {
  return makeEnvironmentProviders([
    { provide: AUTH_OPTIONS, useFactory: () => withDefaults(options, inject(DOCUMENT).baseURI) },
    provideEnvironmentInitializer(refreshAhead),
  ]);
}

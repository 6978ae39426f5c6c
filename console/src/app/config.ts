import { APP_BASE_HREF, Location } from '@angular/common';
import { provideHttpClient, withInterceptors } from '@angular/common/http';
import { inject, provideBrowserGlobalErrorListeners, type ApplicationConfig } from '@angular/core';
import {
  provideRouter,
  withComponentInputBinding,
  withNavigationErrorHandler,
  withRouterConfig,
} from '@angular/router';
import { graphApiAuthInterceptor, provideGraphApiAuth } from '@graph-api/angular';
import { Banner } from './layout/banner';
import { routes } from './routes';

export const config: ApplicationConfig = {
  providers: [
    // No <base>: the server's policy forbids it (`base-uri 'none'`).
    { provide: APP_BASE_HREF, useValue: '/console/' },
    provideBrowserGlobalErrorListeners(),
    provideRouter(
      routes,
      withComponentInputBinding(),
      withRouterConfig({
        canceledNavigationResolution: 'computed', // Back goes back also after one stayed.
        resolveNavigationPromiseOnError: true,
      }),
      withNavigationErrorHandler(({ url, error }) => {
        console.error(error);
        inject(Banner).missing.set(inject(Location).prepareExternalUrl(url));
      }),
    ),
    provideHttpClient(withInterceptors([graphApiAuthInterceptor])),
    provideGraphApiAuth({ endpoint: '/graphql' }),
  ],
};

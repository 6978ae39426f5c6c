import { APP_BASE_HREF } from '@angular/common';
import { provideHttpClient, withInterceptors } from '@angular/common/http';
import { provideBrowserGlobalErrorListeners, type ApplicationConfig } from '@angular/core';
import { provideRouter, withComponentInputBinding } from '@angular/router';
import { graphApiAuthInterceptor, provideGraphApiAuth } from '@graph-api/angular';
import { routes } from './routes';

export const config: ApplicationConfig = {
  providers: [
    // No <base>: the server's policy forbids it (`base-uri 'none'`).
    { provide: APP_BASE_HREF, useValue: '/console/' },
    provideBrowserGlobalErrorListeners(),
    provideRouter(routes, withComponentInputBinding()),
    provideHttpClient(withInterceptors([graphApiAuthInterceptor])),
    provideGraphApiAuth({ endpoint: '/graphql' }),
  ],
};

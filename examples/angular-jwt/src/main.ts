import { HttpClient, provideHttpClient, withInterceptors, withInterceptorsFromDi } from '@angular/common/http';
import { Component, importProvidersFrom, inject, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { JwtHelperService, JwtModule } from '@auth0/angular-jwt';
import { SERVER, Session, repeatOnce, token } from './session';

@Component({
  selector: 'app-root',
  template: `
    <form (submit)="signIn($event, email.value, password.value)">
      <label>E-mail address <input #email type="email" autocomplete="username" /></label>
      <label>Password <input #password type="password" autocomplete="current-password" /></label>
      <button>Sign in</button>
    </form>
    <button (click)="askWhoIAm()">Who am I?</button>
    <button (click)="askForHealth()">Is it alive?</button>
    <button (click)="signOut()">Sign out</button>
    <p role="status">{{ status() }}</p>
    <p>Roles in the token: {{ roles() }}</p>
    <p>{{ names().join(', ') }}</p>
  `,
})
class App {
  readonly #jwt = inject(JwtHelperService);
  readonly #http = inject(HttpClient);
  readonly #session = inject(Session);
  readonly status = signal('Nobody is signed in.');
  readonly names = signal<string[]>([]);

  /** For showing only: whoever decides by a token's roles has to verify it. */
  roles() {
    const claims = this.#jwt.decodeToken<{ roles: string[] }>(token() ?? '');
    if (!claims) return 'none';
    return claims.roles.join(', ') + (this.#jwt.isTokenExpired() ? ' (expired)' : '');
  }

  signIn(event: Event, email: string, password: string) {
    event.preventDefault();
    this.#session.signIn(email, password).subscribe({
      next: () => this.status.set('Signed in.'),
      error: (error: Error) => this.status.set(error.message),
    });
  }

  askWhoIAm() {
    this.#session.ask<{ me: { email: string } | null }>('{ me { email } }').subscribe({
      next: ({ data }) => this.names.update((names) => [...names, data?.me?.email ?? 'nobody']),
      error: () => this.status.set(token() ? 'That failed.' : 'Sign in again.'),
    });
  }

  askForHealth() {
    this.#http.get(`${SERVER}/health/live`, { responseType: 'text' }).subscribe({
      next: () => this.status.set('It is alive.'),
      error: () => this.status.set('It is not.'),
    });
  }

  signOut() {
    this.#session.signOut().subscribe(() => this.status.set('Nobody is signed in.'));
  }
}

bootstrapApplication(App, {
  providers: [
    provideHttpClient(withInterceptors([repeatOnce]), withInterceptorsFromDi()),
    importProvidersFrom(
      JwtModule.forRoot({
        config: {
          tokenGetter: () => token(),
          allowedDomains: [new URL(SERVER).host],
          disallowedRoutes: [`${SERVER}/health/live`],
        },
      }),
    ),
  ],
}).catch((error) => console.error(error));

import { HttpClient, HttpErrorResponse, type HttpInterceptorFn } from '@angular/common/http';
import { Injectable, inject, signal } from '@angular/core';
import { Observable, catchError, defer, finalize, map, of, shareReplay, switchMap, tap, throwError } from 'rxjs';

export const SERVER = 'http://localhost:8000';
const ENDPOINT = `${SERVER}/graphql`;
const LOGIN = 'mutation ($input: LoginInput!) { auth: login(input: $input) { accessToken } }';
const REFRESH = 'mutation { auth: refresh { accessToken } }';
const LOGOUT = 'mutation { logout { endedSessionIds } }';

interface Answer<T> {
  data?: T | null;
  errors?: { message: string; extensions: { code: string; reason?: string } }[];
}
type Auth = { auth: { accessToken: string } | null };

/** The access token, in memory; the refresh token is in a cookie that no script reads. */
export const token = signal<string | null>(null);

@Injectable({ providedIn: 'root' })
export class Session {
  readonly #http = inject(HttpClient);

  /** Every caller in the meantime shares one refresh. */
  readonly #refresh = defer(() => this.#authenticate(REFRESH)).pipe(
    catchError((error: Error) => (error.cause === 'SESSION_ENDED' ? this.#forget() : throwError(() => error))),
    finalize(() => (this.#running = null)),
  );
  #running: Observable<string | null> | null = null;

  signIn(email: string, password: string) {
    return this.#authenticate(LOGIN, { input: { email, password } });
  }

  /** The token to repeat with, or null: the session is over. */
  renew(refused: string | null): Observable<string | null> {
    if (token() !== refused) return of(token());
    return (this.#running ??= this.#refresh.pipe(shareReplay(1)));
  }

  signOut() {
    return this.#inCookie(LOGOUT).pipe(switchMap(() => this.#forget()));
  }

  ask<T>(query: string) {
    return this.#http.post<Answer<T>>(ENDPOINT, { query });
  }

  #authenticate(query: string, variables?: object) {
    return this.#inCookie<Auth>(query, variables).pipe(map(accessToken), tap((renewed) => token.set(renewed)));
  }

  /** `@auth0/angular-jwt` sends the old token here too, be it expired: the server ignores it. */
  #inCookie<T>(query: string, variables?: object) {
    const options = { withCredentials: true, headers: { 'Graph-Api-Session': 'cookie' } };
    return this.#http.post<Answer<T>>(ENDPOINT, { query, variables }, options);
  }

  #forget() {
    token.set(null);
    return of(null);
  }
}

function accessToken({ data, errors }: Answer<Auth>) {
  if (data?.auth) return data.auth.accessToken;
  throw new Error(errors?.[0].message, { cause: errors?.[0].extensions.code });
}

/** Stands before that of `@auth0/angular-jwt`, which attaches the token to the repetition too. */
export const repeatOnce: HttpInterceptorFn = (request, next) => {
  const session = inject(Session);
  const sent = token();
  return next(request).pipe(
    catchError((error: HttpErrorResponse) =>
      sent && isRefused(error)
        ? session.renew(sent).pipe(switchMap((renewed) => (renewed ? next(request) : throwError(() => error))))
        : throwError(() => error),
    ),
  );
};

/** A session that has ended is refused its refresh as well, and then forgotten. */
function isRefused({ error }: HttpErrorResponse) {
  const reasons = ['token_expired', 'token_stale', 'token_invalid', 'session_ended'];
  return !!(error as Answer<unknown> | null)?.errors?.some(({ extensions }) => reasons.includes(extensions.reason ?? ''));
}

import {
  HttpErrorResponse,
  HttpResponse,
  type HttpEvent,
  type HttpInterceptorFn,
  type HttpRequest,
} from '@angular/common/http';
import { DOCUMENT, Injectable, inject } from '@angular/core';
import {
  concatMap,
  dematerialize,
  from,
  materialize,
  of,
  switchMap,
  tap,
  type Observable,
  type ObservableNotification,
} from 'rxjs';
import { mayCarryToken } from './allowed';
import { WITHOUT_TOKEN } from './auth-api';
import { errorsIn, hasCode } from './errors';
import { AUTH_OPTIONS } from './options';
import { Refresh } from './refresh';
import { SessionState } from './session-state';

type Event = HttpEvent<unknown>;
type Outcome = ObservableNotification<Event>;
type Send = (token: string | null) => Observable<Event>;

/**
 * Attaches the access token where it may go. If the server refuses it, renews it and repeats the
 * request once; if that is refused too, or the session is over, leads to the sign-in page.
 */
export const graphApiAuthInterceptor: HttpInterceptorFn = (request, next) => {
  const allowed = mayCarryToken(request.url, inject(DOCUMENT).baseURI, inject(AUTH_OPTIONS));
  const own = request.context.get(WITHOUT_TOKEN) || request.headers.has('Authorization');
  if (own || !allowed) return next(request);
  return inject(Bearer).send((token) => next(withBearer(request, token)), request.url);
};

function withBearer(request: HttpRequest<unknown>, token: string | null): HttpRequest<unknown> {
  return token ? request.clone({ setHeaders: { Authorization: `Bearer ${token}` } }) : request;
}

@Injectable({ providedIn: 'root' })
class Bearer {
  readonly #endpoint = inject(AUTH_OPTIONS).endpoint;
  readonly #refresh = inject(Refresh);
  readonly #state = inject(SessionState);

  send(send: Send, url: string): Observable<Event> {
    return from(this.#refresh.resumed).pipe(
      switchMap(() => {
        const token = this.#state.accessToken();
        return token ? this.#sendWith(token, send, url) : send(null);
      }),
    );
  }

  /** What fails in the repetition is not looked at again: it is no part of what is caught here. */
  #sendWith(token: string, send: Send, url: string): Observable<Event> {
    return send(token).pipe(
      materialize(),
      concatMap((outcome) =>
        isRefused(outcome) ? this.#repeat(token, outcome, send, url) : replay(outcome),
      ),
    );
  }

  #repeat(token: string, outcome: Outcome, send: Send, url: string): Observable<Event> {
    return from(this.#another(token, outcome)).pipe(
      switchMap((renewed) =>
        renewed ? send(renewed).pipe(this.#endIfRefused(renewed, url)) : replay(outcome),
      ),
    );
  }

  /** The token to repeat with; null after the end of the session, or without an answer. */
  async #another(token: string, outcome: Outcome): Promise<string | null> {
    const isCurrent = this.#state.accessToken() === token;
    if (!hasCode(errorsOf(outcome), 'SESSION_ENDED') || !isCurrent) return this.#refresh.renew(token);
    this.#state.end({ wayBack: true });
    return null;
  }

  /** Our own server refuses what it has just issued. Another host may, for reasons of its own. */
  #endIfRefused(token: string, url: string) {
    const look = (outcome: Outcome) => {
      const refused = isRefused(outcome) && url === this.#endpoint;
      if (refused && this.#state.accessToken() === token) this.#state.end({ wayBack: true });
    };
    return (events: Observable<Event>) =>
      events.pipe(materialize(), tap(look), dematerialize());
  }
}

function replay(outcome: Outcome): Observable<Event> {
  return of(outcome).pipe(dematerialize());
}

/** Whether the token was refused, and nothing was done: a wrong password has another code. */
function isRefused(outcome: Outcome): boolean {
  const errors = errorsOf(outcome);
  const refused = hasCode(errors, 'UNAUTHENTICATED') || hasCode(errors, 'SESSION_ENDED');
  if (outcome.kind === 'E') return refused || (statusOf(outcome.error) === 401 && errors.length === 0);
  return refused && nothingRan(outcome.kind === 'N' && outcome.value);
}

function errorsOf(outcome: Outcome) {
  if (outcome.kind === 'E') return errorsIn(outcome.error);
  return outcome.kind === 'N' && outcome.value instanceof HttpResponse ? errorsIn(outcome.value.body) : [];
}

function statusOf(error: unknown): number | null {
  return error instanceof HttpErrorResponse ? error.status : null;
}

/** Of a mutation with several fields, the first may have run before another was refused. */
function nothingRan(event: unknown): boolean {
  const data = event instanceof HttpResponse ? event.body?.data : undefined;
  return Object.values(data ?? {}).every((field) => field === null);
}

import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting, type TestRequest } from '@angular/common/http/testing';
import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Router, provideRouter, type Route } from '@angular/router';
import { graphApiAuthInterceptor } from '../interceptor';
import type { GraphApiAuthOptions } from '../options';
import { provideGraphApiAuth } from '../provide';
import { Session } from '../session';
import { LINK, type Link, type Message } from '../tabs';
import type { AuthPayload } from '../tokens';

export const ENDPOINT = '/graphql';
export const TTL = 300;

@Component({ template: '' })
export class Empty {}

/** Another tab: what this one tells it, and what it says. Locks are granted one after the other. */
export class OtherTab implements Link {
  isOpen = false;
  readonly heard: Message[] = [];
  /** Answers each message, as a tab that is awake does. */
  answer: (message: Message) => Message | null = () => null;
  readonly #listeners = new Set<(message: Message) => void>();
  #last: Promise<unknown> = Promise.resolve();

  exclusively<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action, action);
    this.#last = turn;
    return turn;
  }

  alone(): Promise<boolean> {
    return Promise.resolve(!this.isOpen);
  }

  post(message: Message): void {
    this.heard.push(message);
    const answer = this.answer(message);
    if (answer) setTimeout(() => this.say(answer), 1);
  }

  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  say(message: Message): void {
    [...this.#listeners].forEach((listener) => listener(message));
  }
}

/** A token with these claims; nobody checks its signature here. */
export function accessToken(claims: Record<string, unknown> = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  const all = { sub: 'usr_1', sid: 'ses_1', roles: ['user'], scope: '', iat, exp: iat + TTL, jti: serial++, ...claims };
  const bytes = new TextEncoder().encode(JSON.stringify(all));
  return `e30.${btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_')}.c2ln`;
}
let serial = 0;

export function auth(claims: Record<string, unknown> = {}): AuthPayload {
  return { accessToken: accessToken(claims), refreshToken: null, expiresIn: TTL };
}

export function refusal(code: string, reason?: string) {
  return { errors: [{ message: code, extensions: { code, reason } }] };
}

/** The page, from its start on, on a fake clock. */
export class World {
  readonly tab = new OtherTab();

  constructor(options: Partial<GraphApiAuthOptions> = {}, routes: Route[] = []) {
    vi.useFakeTimers({ now: new Date('2026-03-01T12:00:00Z') });
    TestBed.configureTestingModule({
      providers: [
        provideRouter([...routes, { path: '**', component: Empty }]),
        provideHttpClient(withInterceptors([graphApiAuthInterceptor])),
        provideHttpClientTesting(),
        provideGraphApiAuth({ endpoint: ENDPOINT, ...options }),
        { provide: LINK, useValue: this.tab },
      ],
    });
    TestBed.inject(Session);
  }

  get session(): Session {
    return TestBed.inject(Session);
  }

  get router(): Router {
    return TestBed.inject(Router);
  }

  get server(): HttpTestingController {
    return TestBed.inject(HttpTestingController);
  }

  /** Lets time pass, and all that waits for it. */
  async pass(milliseconds = 60): Promise<void> {
    await vi.advanceTimersByTimeAsync(milliseconds);
    TestBed.tick();
    await vi.advanceTimersByTimeAsync(0);
  }

  /** The page asks for its session when it starts: there is none. */
  async startAnonymous(): Promise<void> {
    await this.pass();
    this.refresh().flush({ data: { refresh: null }, ...refusal('SESSION_ENDED') });
    await this.pass();
  }

  /** The page starts, and the cookie gives a token with these claims. */
  async startSignedIn(claims: Record<string, unknown> = {}): Promise<string> {
    await this.pass();
    const payload = auth(claims);
    this.refresh().flush({ data: { refresh: payload } });
    await this.pass();
    return payload.accessToken;
  }

  /** The one refresh that the server has got and not answered. */
  refresh(): TestRequest {
    return this.server.expectOne((it) => isRefresh(it.body));
  }

  noRefresh(): void {
    this.server.expectNone((it) => isRefresh(it.body));
  }

  /** Requests other than refreshes that are not answered. */
  waiting(url: string = ENDPOINT): TestRequest[] {
    return this.server.match((it) => it.url === url && !isRefresh(it.body));
  }

  /** Sends a request of the application, and returns what becomes of it. */
  ask(url: string = ENDPOINT, body: unknown = { query: '{ me { id } }' }): Outcome {
    const outcome: Outcome = {};
    TestBed.inject(HttpClient)
      .post(url, body)
      .subscribe({ next: (it) => (outcome.body = it), error: (it) => (outcome.error = it) });
    return outcome;
  }
}

export interface Outcome {
  body?: any;
  error?: any;
}

export function isRefresh(body: any): boolean {
  return String(body?.query).startsWith('mutation Refresh');
}

export function bearerOf({ request }: TestRequest): string | null {
  return request.headers.get('Authorization');
}

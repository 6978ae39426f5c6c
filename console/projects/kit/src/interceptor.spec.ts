import { HttpHeaders, HttpClient } from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { GraphApiError } from './errors';
import { World, accessToken, auth, bearerOf, refusal } from './testing/world';

const EXPIRED = refusal('UNAUTHENTICATED', 'token_expired');
const UNAUTHORIZED = { status: 401, statusText: 'Unauthorized' };
const ME = { data: { me: { id: 'usr_1' } } };

describe('attaching the token', () => {
  it('reaches the endpoint, and nobody who is not allowed', async () => {
    const world = new World({
      allowedDomains: [location.host, 'api.example.com'],
      disallowedRoutes: ['/public', /\/webhooks\//],
    });
    const token = await world.startSignedIn();
    const got = async (url: string) => {
      world.ask(url);
      await world.pass();
      return bearerOf(world.waiting(url)[0]!);
    };
    expect(await got('/graphql')).toBe(`Bearer ${token}`);
    expect(await got('https://api.example.com/files')).toBe(`Bearer ${token}`);
    for (const url of [
      '/public',
      '/public?with=query',
      '/webhooks/1',
      'https://evil.example/graphql',
      'https://api.example.com.evil.example/',
      'https://api.example.com@evil.example/',
      'http://api.example.com/files',
      'https://api.example.com:8443/files',
      '//evil.example/graphql',
    ]) {
      expect(await got(url), url).toBeNull();
    }
  });

  it('leaves an Authorization of the request’s own alone', async () => {
    const world = new World();
    await world.startSignedIn();
    const headers = new HttpHeaders({ Authorization: 'Basic eDp5' });
    TestBed.inject(HttpClient).post('/graphql', {}, { headers }).subscribe();
    await world.pass();
    expect(bearerOf(world.waiting()[0]!)).toBe('Basic eDp5');
  });

  it('waits until it is known who is signed in', async () => {
    const world = new World();
    world.ask();
    await world.pass();
    expect(world.waiting()).toEqual([]);
    const { accessToken } = auth();
    world.refresh().flush({ data: { refresh: { accessToken, expiresIn: 300 } } });
    await world.pass();
    expect(bearerOf(world.waiting()[0]!)).toBe(`Bearer ${accessToken}`);
  });
});

describe('a token that is refused', () => {
  it.each([
    ['with the status 401', UNAUTHORIZED],
    ['among the errors of a 200', { status: 200, statusText: 'OK' }],
  ])('%s is renewed once for five requests, and each is repeated', async (_, status) => {
    const world = new World();
    const old = await world.startSignedIn();
    const outcomes = [1, 2, 3, 4, 5].map(() => world.ask());
    await world.pass();
    const first = world.waiting();
    expect(first.map(bearerOf)).toEqual(Array(5).fill(`Bearer ${old}`));
    first.slice(0, 3).forEach((it) => it.flush(EXPIRED, status));
    await world.pass();
    const renewed = auth();
    world.refresh().flush({ data: { refresh: renewed } });
    await world.pass();
    first.slice(3).forEach((it) => it.flush(EXPIRED, status)); // They come late.
    await world.pass();
    world.noRefresh();
    const repeated = world.waiting();
    expect(repeated.map(bearerOf)).toEqual(Array(5).fill(`Bearer ${renewed.accessToken}`));
    repeated.forEach((it) => it.flush(ME));
    expect(outcomes.map((it) => it.body)).toEqual(Array(5).fill(ME));
  });

  it.each(['token_expired', 'token_stale', 'token_invalid'])('as %s is renewed', async (reason) => {
    const world = new World();
    await world.startSignedIn();
    world.ask();
    await world.pass();
    world.waiting()[0]!.flush(refusal('UNAUTHENTICATED', reason), UNAUTHORIZED);
    await world.pass();
    world.refresh();
  });

  it('again in the repetition starts no second refresh, but leads to the sign-in page', async () => {
    const world = new World();
    await world.startSignedIn();
    await world.router.navigateByUrl('/users?page=2');
    const outcome = world.ask();
    await world.pass();
    world.waiting()[0]!.flush(EXPIRED, UNAUTHORIZED);
    await world.pass();
    world.refresh().flush({ data: { refresh: auth() } });
    await world.pass();
    world.waiting()[0]!.flush(EXPIRED, UNAUTHORIZED);
    await world.pass();
    world.noRefresh();
    expect(world.waiting()).toEqual([]);
    expect(outcome.error.status).toBe(401);
    expect(world.router.url).toBe('/sign-in?returnUrl=%2Fusers%3Fpage%3D2');
  });

  it('by another host, again and again, signs nobody out', async () => {
    const url = 'https://files.example.com/1';
    const world = new World({ allowedDomains: [location.host, 'files.example.com'] });
    await world.startSignedIn();
    const outcome = world.ask(url);
    await world.pass();
    world.waiting(url)[0]!.flush(null, UNAUTHORIZED);
    await world.pass();
    world.refresh().flush({ data: { refresh: auth() } });
    await world.pass();
    world.waiting(url)[0]!.flush(null, UNAUTHORIZED);
    await world.pass();
    expect(outcome.error.status).toBe(401);
    expect(world.session.user()?.id).toBe('usr_1');
  });

  it('in a mutation of which a part has run is not repeated', async () => {
    const world = new World();
    await world.startSignedIn();
    const outcome = world.ask();
    await world.pass();
    const answer = { data: { first: { id: 1 }, second: null }, ...refusal('UNAUTHENTICATED', 'token_stale') };
    world.waiting()[0]!.flush(answer);
    await world.pass();
    world.noRefresh();
    expect(outcome.body).toEqual(answer);
  });

  it('while the server is away fails the request, and keeps the session', async () => {
    const world = new World();
    await world.startSignedIn();
    const outcome = world.ask();
    await world.pass();
    world.waiting()[0]!.flush(EXPIRED, UNAUTHORIZED);
    await world.pass();
    world.refresh().error(new ProgressEvent('error'));
    await world.pass();
    expect(outcome.error.status).toBe(401);
    expect(world.session.user()?.id).toBe('usr_1');
  });

  it('of a session that is over leads to the sign-in page, after one refresh that failed', async () => {
    const world = new World();
    await world.startSignedIn();
    world.ask();
    await world.pass();
    world.waiting()[0]!.flush(EXPIRED, UNAUTHORIZED);
    await world.pass();
    world.refresh().flush({ data: { refresh: null }, ...refusal('SESSION_ENDED', 'session_ended') });
    await world.pass();
    world.noRefresh();
    expect(world.session.user()).toBeNull();
    expect(world.router.url).toBe('/sign-in?returnUrl=%2F');
  });
});

it('SESSION_ENDED leads to the sign-in page at once, without a refresh', async () => {
  const world = new World();
  await world.startSignedIn();
  world.ask();
  await world.pass();
  world.waiting()[0]!.flush(refusal('SESSION_ENDED', 'session_ended'), UNAUTHORIZED);
  await world.pass();
  world.noRefresh();
  expect(world.session.user()).toBeNull();
  expect(world.router.url).toBe('/sign-in?returnUrl=%2F');
});

it('SESSION_ENDED of a session before this one is repeated with this one’s token', async () => {
  const world = new World();
  await world.startSignedIn();
  const outcome = world.ask();
  await world.pass();
  const late = world.waiting()[0]!;
  world.session.adopt(auth({ sid: 'ses_2' }));
  late.flush(refusal('SESSION_ENDED', 'session_ended'), UNAUTHORIZED);
  await world.pass();
  world.waiting()[0]!.flush(ME);
  expect(outcome.body).toEqual(ME);
  expect(world.session.user()?.sessionId).toBe('ses_2');
});

it('a field that needs a sign-in is no reason to refresh for an anonymous caller', async () => {
  const world = new World();
  await world.startAnonymous();
  const outcome = world.ask();
  await world.pass();
  world.waiting()[0]!.flush(refusal('UNAUTHENTICATED'), UNAUTHORIZED);
  await world.pass();
  world.noRefresh();
  expect(outcome.error.status).toBe(401);
});

it('a wrong password is no reason to refresh, also while somebody is signed in', async () => {
  const world = new World();
  await world.startSignedIn();
  const failed = world.session.signIn({ email: 'a@b.test', password: 'wrong' }).catch((it) => it);
  await world.pass();
  const login = world.waiting()[0]!;
  expect(bearerOf(login)).toBeNull();
  expect(login.request.headers.get('Graph-Api-Session')).toBe('cookie');
  login.flush({ data: { login: null }, ...refusal('INVALID_CREDENTIALS') });
  const error = await failed;
  expect(error).toBeInstanceOf(GraphApiError);
  expect(error.code).toBe('INVALID_CREDENTIALS');
  world.noRefresh();
  expect(world.session.user()?.id).toBe('usr_1');
});

it('no token goes into a URL or a body', async () => {
  const world = new World();
  const token = await world.startSignedIn({ sub: accessToken().slice(0, 8) });
  world.ask();
  await world.pass();
  const { request } = world.waiting()[0]!;
  expect(request.urlWithParams + JSON.stringify(request.body)).not.toContain(token);
});

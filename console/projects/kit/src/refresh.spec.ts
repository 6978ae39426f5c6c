import { World, accessToken, auth, bearerOf, refusal } from './testing/world';
import type { Tokens } from './tokens';

function tokens(claims: Record<string, unknown> = {}): Tokens {
  return { accessToken: accessToken(claims), refreshToken: null, expiresAt: Date.now() + 300_000 };
}

async function refuse(world: World): Promise<void> {
  world.ask();
  await world.pass(0);
  world.waiting()[0]!.flush(refusal('UNAUTHENTICATED', 'token_expired'), { status: 401, statusText: '' });
  await world.pass();
}

describe('when the page starts', () => {
  it('the cookie signs in, without a token in the request', async () => {
    const world = new World();
    await world.pass();
    const { request } = world.refresh();
    expect(request.headers.get('Graph-Api-Session')).toBe('cookie');
    expect(request.withCredentials).toBe(true);
    expect(request.body.variables).toEqual({ input: null });
  });

  it('nobody is signed in without one, and is not sent away for it', async () => {
    const world = new World();
    await world.startAnonymous();
    expect(world.session.user()).toBeNull();
    expect(world.router.url).toBe('/');
  });

  it('another tab hands its token over, and the server is not asked', async () => {
    const world = new World();
    const theirs = tokens();
    world.tab.isOpen = true;
    world.tab.answer = ({ kind }) => (kind === 'ask' ? { kind: 'tokens', tokens: theirs } : null);
    await world.pass();
    world.noRefresh();
    expect(world.session.user()?.id).toBe('usr_1');
  });
});

describe('between tabs', () => {
  it('one that is open and does not answer is not waited for longer than half a second', async () => {
    const world = new World();
    world.tab.isOpen = true;
    await world.pass(499);
    world.noRefresh();
    await world.pass(1);
    world.refresh();
  });

  it('a new token is told to the others', async () => {
    const world = new World();
    const token = await world.startSignedIn();
    const told = world.tab.heard.filter((it) => it.kind === 'tokens');
    expect(told.map((it) => it.tokens.accessToken)).toEqual([token]);
  });

  it('the one that waits for its turn takes the other’s token', async () => {
    const world = new World();
    await world.startSignedIn();
    let done!: () => void;
    void world.tab.exclusively(() => new Promise<void>((resolve) => (done = resolve)));
    await refuse(world);
    world.noRefresh(); // The other tab has the lock.
    const theirs = tokens();
    done();
    world.tab.isOpen = true;
    world.tab.answer = ({ kind }) => (kind === 'ask' ? { kind: 'tokens', tokens: theirs } : null);
    await world.pass();
    world.noRefresh();
    expect(bearerOf(world.waiting()[0]!)).toBe(`Bearer ${theirs.accessToken}`);
  });

  it('an older token, an expired one, or one of a session that is over is not taken', async () => {
    const world = new World();
    await world.startSignedIn({ roles: ['admin'] });
    const iat = Date.now() / 1000 - 60;
    world.tab.say({ kind: 'tokens', tokens: tokens({ iat }) });
    world.tab.say({ kind: 'tokens', tokens: { ...tokens(), expiresAt: Date.now() - 1 } });
    expect(world.session.user()?.roles).toEqual(['admin']);
    const out = world.session.signOut();
    world.tab.say({ kind: 'tokens', tokens: tokens() });
    expect(world.session.user()).toBeNull();
    world.waiting()[0]!.flush({ data: { logout: { endedSessionIds: ['ses_1'] } } });
    await out;
  });

  it('who signs out does so in all of them', async () => {
    const world = new World();
    await world.startSignedIn();
    const out = world.session.signOut();
    expect(world.tab.heard.at(-1)).toEqual({ kind: 'ended', sessionId: 'ses_1' });
    await world.pass();
    world.waiting()[0]!.flush({ data: { logout: { endedSessionIds: ['ses_1'] } } });
    await out;
    expect(world.router.url).toBe('/sign-in');
  });

  it('a sign-out elsewhere leads to the sign-in page; that of another session does not', async () => {
    const world = new World();
    await world.startSignedIn();
    world.tab.say({ kind: 'ended', sessionId: 'ses_0' });
    expect(world.session.user()?.id).toBe('usr_1');
    world.tab.say({ kind: 'ended', sessionId: 'ses_1' });
    await world.pass();
    expect(world.router.url).toBe('/sign-in?returnUrl=%2F');
  });

  it('signing in as somebody else is heard where tabs share a session', async () => {
    const world = new World();
    await world.startSignedIn();
    world.tab.say({ kind: 'tokens', tokens: tokens({ sub: 'usr_2', sid: 'ses_2' }) });
    expect(world.session.user()?.id).toBe('usr_2');
  });
});

it('without Web Locks five refused requests still make one refresh', async () => {
  const world = new World();
  world.tab.exclusively = (action) => action();
  await world.startSignedIn();
  for (let i = 0; i < 5; i++) world.ask();
  await world.pass();
  const refusals = refusal('UNAUTHENTICATED', 'token_expired');
  world.waiting().forEach((it) => it.flush(refusals, { status: 401, statusText: '' }));
  await world.pass();
  world.refresh();
});

it('who signs out while a refresh is under way stays signed out', async () => {
  const world = new World();
  await world.startSignedIn();
  await refuse(world);
  const refresh = world.refresh();
  void world.session.signOut();
  refresh.flush({ data: { refresh: auth() } });
  await world.pass();
  expect(world.session.user()).toBeNull();
});

it('a role that was granted is there after the next refresh', async () => {
  const world = new World();
  await world.startSignedIn({ roles: ['user'], scope: '' });
  const before = world.session.user();
  await refuse(world);
  world.refresh().flush({ data: { refresh: auth({ roles: ['user', 'auditor'], scope: 'audit:read' }) } });
  await world.pass();
  expect(world.session.hasPermission('audit:read')).toBe(true);
  expect(world.session.hasRole('auditor')).toBe(true);
  expect(world.session.user()).not.toBe(before);
});

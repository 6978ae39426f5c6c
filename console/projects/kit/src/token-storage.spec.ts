import { World, auth, refusal } from './testing/world';
import { TestBed } from '@angular/core/testing';

const REFRESH_TOKEN = 'grt_secret';

function stored(): string {
  return JSON.stringify([{ ...localStorage }, { ...sessionStorage }]);
}

async function signIn(world: World): Promise<string> {
  const done = world.session.signIn({ email: 'a@b.test', password: 'pass' });
  const login = world.waiting()[0]!;
  const inBody = login.request.headers.get('Graph-Api-Session') === null;
  const payload = { ...auth(), refreshToken: inBody ? REFRESH_TOKEN : null };
  login.flush({ data: { login: payload } });
  await done;
  return payload.accessToken;
}

afterEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

it('memory: nothing is stored', async () => {
  const world = new World();
  await world.startAnonymous();
  await signIn(world);
  expect(world.session.user()?.id).toBe('usr_1');
  expect(stored()).toBe('[{},{}]');
});

it.each(['session', 'local'] as const)('%s: both tokens are where any script finds them', async (storage) => {
  const world = new World({ storage });
  await world.pass();
  world.noRefresh(); // There is nothing to ask with.
  const token = await signIn(world);
  expect(stored()).toContain(token);
  expect(stored()).toContain(REFRESH_TOKEN);

  TestBed.resetTestingModule(); // The page is opened anew.
  const reopened = new World({ storage });
  expect(reopened.session.user()?.id).toBe('usr_1');
  reopened.noRefresh();
  void reopened.session.signOut();
  expect(stored()).toBe('[{},{}]');
  expect(reopened.waiting()[0]!.request.body.variables.input).toEqual({ refreshToken: REFRESH_TOKEN });
});

it('session: another person’s token is not taken from another tab', async () => {
  const world = new World({ storage: 'session' });
  await world.pass();
  await signIn(world);
  const { accessToken } = auth({ sub: 'usr_2', sid: 'ses_2' });
  const tokens = { accessToken, refreshToken: 'other', expiresAt: Date.now() + 300_000 };
  world.tab.say({ kind: 'tokens', tokens });
  expect(world.session.user()?.id).toBe('usr_1');
});

it('a session that was stored and is over signs out', async () => {
  const world = new World({ storage: 'local' });
  await world.pass();
  await signIn(world);
  world.ask();
  await world.pass();
  world.waiting()[0]!.flush(refusal('UNAUTHENTICATED', 'token_expired'));
  await world.pass();
  const refresh = world.refresh();
  expect(refresh.request.body.variables.input).toEqual({ refreshToken: REFRESH_TOKEN });
  refresh.flush({ data: { refresh: null }, ...refusal('SESSION_ENDED') });
  await world.pass();
  expect(stored()).toBe('[{},{}]');
});

it.each(['', '{', '[]', '"x"', '{"accessToken": 1}'])('what others have stored there is no token: %j', (text) => {
  localStorage.setItem('graph-api-tokens', text);
  expect(new World({ storage: 'local' }).session.user()).toBeNull();
});

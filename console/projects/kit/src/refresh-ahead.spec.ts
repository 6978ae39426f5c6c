import { TTL, World, auth } from './testing/world';

const EARLIEST = TTL * 700;
const LATEST = TTL * 800;

function set(property: 'hidden' | 'onLine', value: boolean): void {
  const owner = property === 'hidden' ? document : navigator;
  vi.spyOn(owner as any, property, 'get').mockReturnValue(value);
}

afterEach(() => vi.restoreAllMocks());

it('renews a token before it expires', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.123456789);
  const world = new World();
  await world.startSignedIn();
  await world.pass(EARLIEST - 1000);
  world.noRefresh();
  await world.pass(LATEST - EARLIEST + 1000);
  world.refresh().flush({ data: { refresh: auth() } });
  await world.pass();
  world.noRefresh();
});

it('asks at different moments in windows that were opened at once', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const world = new World();
  await world.startSignedIn();
  await world.pass(EARLIEST);
  world.refresh();
});

it.each(['hidden', 'offline'] as const)('waits while the page is %s', async (why) => {
  const [property, away, back] =
    why === 'hidden'
      ? (['hidden', true, new Event('visibilitychange')] as const)
      : (['onLine', false, new Event('online')] as const);
  const world = new World();
  await world.startSignedIn();
  set(property, away);
  await world.pass(2 * LATEST);
  world.noRefresh();
  set(property, !away);
  (why === 'hidden' ? document : window).dispatchEvent(back);
  await world.pass();
  world.refresh();
});

it('tries again after a while if the server can’t be reached', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const world = new World();
  await world.startSignedIn();
  await world.pass(EARLIEST);
  world.refresh().error(new ProgressEvent('error'));
  await world.pass(9_000);
  world.noRefresh();
  await world.pass(1_100);
  world.refresh();
});

it('stops when one signs out', async () => {
  const world = new World();
  await world.startSignedIn();
  void world.session.signOut();
  await world.pass(2 * LATEST);
  world.noRefresh();
});

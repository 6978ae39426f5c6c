import { hasPermission, hasRole, signedIn } from './guards';
import { Empty, World } from './testing/world';

const ROUTES = [
  { path: 'profile', component: Empty, canActivate: [signedIn] },
  { path: 'users', component: Empty, canActivate: [hasPermission('user:read')] },
  { path: 'both', component: Empty, canActivate: [hasPermission('user:read', 'role:read')] },
  { path: 'admin', component: Empty, canActivate: [hasRole('admin')] },
];

async function arrivesAt(world: World, url: string): Promise<string> {
  void world.router.navigateByUrl(url);
  await world.pass();
  return world.router.url;
}

it('a stranger is asked to sign in, with the way back', async () => {
  const world = new World({}, ROUTES);
  await world.startAnonymous();
  expect(await arrivesAt(world, '/users?page=2')).toBe('/sign-in?returnUrl=%2Fusers%3Fpage%3D2');
});

it('the guard waits until it is known who is signed in', async () => {
  const world = new World({}, ROUTES);
  void world.router.navigateByUrl('/profile');
  await world.startSignedIn();
  expect(world.router.url).toBe('/profile');
});

it('roles and permissions decide', async () => {
  const world = new World({}, ROUTES);
  await world.startSignedIn({ roles: ['support'], scope: 'user:read session:read' });
  expect(await arrivesAt(world, '/profile')).toBe('/profile');
  expect(await arrivesAt(world, '/users')).toBe('/users');
  expect(await arrivesAt(world, '/both')).toBe('/forbidden');
  expect(await arrivesAt(world, '/admin')).toBe('/forbidden');
});

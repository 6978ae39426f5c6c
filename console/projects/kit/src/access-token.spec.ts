import { decodeAccessToken } from './access-token';
import { accessToken } from './testing/world';

it('reads the claims, in UTF-8', () => {
  const claims = decodeAccessToken(accessToken({ sub: 'usr_1', roles: ['Prüferin ÿ?>'], scope: 'a b' }));
  expect(claims).toMatchObject({ sub: 'usr_1', roles: ['Prüferin ÿ?>'], scope: 'a b' });
});

it.each(['', 'x', 'a.b.c', 'e30.e30.', 'e30.bnVsbA.', 'e30.W10.'])('reads nothing from %j', (text) => {
  expect(decodeAccessToken(text)).toBeNull();
});

import { localUrl } from './return-url';

describe('the way back', () => {
  it.each(['/', '/users', '/users/usr_1?tab=roles#top', '/a/b%2Fc'])('may be %s', (url) => {
    expect(localUrl(url)).toBe(url);
  });

  it.each([
    undefined,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    'javascript:alert(1)',
    ' //evil.example',
  ])('is the start instead of %j', (url) => {
    expect(localUrl(url)).toBe('/');
  });
});

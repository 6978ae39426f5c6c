/**
 * A path of this application to go back to, or `/`: whoever makes a link to the sign-in page must
 * not choose another site to send people to (CWE-601).
 *
 * Browsers read `//host`, `/\host` and a tab or line feed within as another host.
 */
export function localUrl(url: unknown): string {
  return typeof url === 'string' && /^\/(?![/\\])[^\\\u0000-\u001f\u007f]*$/.test(url) ? url : '/';
}

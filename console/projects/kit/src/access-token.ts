/**
 * What the page reads from an access token (RFC 9068). Nothing here is verified: it decides what is
 * shown, never what is allowed. The server decides that, with each request.
 */
export interface Claims {
  /** The user's id. */
  readonly sub: string;
  /** The session's id. */
  readonly sid: string;
  /** Roles, with those that they include. */
  readonly roles: readonly string[];
  /** Permissions, between spaces. */
  readonly scope: string;
  /** When it was issued, in seconds since 1970 by the server's clock. */
  readonly iat: number;
  /** When it expires, likewise. */
  readonly exp: number;
}

/** The claims of a token, or null if it is none. */
export function decodeAccessToken(token: string): Claims | null {
  try {
    const { sub, sid, roles = [], scope = '', iat, exp } = JSON.parse(payloadOf(token));
    const wellFormed = typeof sub === 'string' && Number.isFinite(iat) && Number.isFinite(exp);
    return wellFormed ? { sub, sid, roles, scope, iat, exp } : null;
  } catch {
    return null;
  }
}

/** base64url, of UTF-8. */
function payloadOf(token: string): string {
  const base64 = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

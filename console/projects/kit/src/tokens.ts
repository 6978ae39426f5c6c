/** What the page holds of a session. */
export interface Tokens {
  readonly accessToken: string;
  /** Null where the browser keeps it in a cookie, out of reach of scripts. */
  readonly refreshToken: string | null;
  /** When the access token expires, in milliseconds since 1970 by this machine's clock. */
  readonly expiresAt: number;
}

/** The `AuthPayload` of the schema, as far as it is needed here. */
export interface AuthPayload {
  readonly accessToken: string;
  readonly refreshToken?: string | null;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Counts from now, so that a clock that is wrong by an hour does no harm. */
export function tokensOf(auth: AuthPayload): Tokens {
  return {
    accessToken: auth.accessToken,
    refreshToken: auth.refreshToken ?? null,
    expiresAt: Date.now() + auth.expiresIn * 1000,
  };
}

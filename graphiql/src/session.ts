import type { FetcherParams } from "@graphiql/toolkit";

export type User = { email: string | null; roles: { name: string }[] | null };
type Auth = { accessToken: string; refreshToken?: string | null; user?: Partial<User> };
type Tokens = { access: string; refresh: string | null };
type Result = {
  data?: Record<string, any> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
};

const USER = "email roles { name }";
const AUTH = `accessToken refreshToken user { ${USER} }`;
const LOGIN = `mutation SignIn($input: LoginInput!) { login(input: $input) { ${AUTH} } }`;
const REFRESH = `mutation Refresh($input: RefreshInput!) { refresh(input: $input) { ${AUTH} } }`;
const LOGOUT = "mutation SignOut($input: LogoutInput) { logout(input: $input) { endedSessionIds } }";
/** A tab may sign in without selecting `refreshToken`; such a session ends with its access token. */
const ENDED: Result = { errors: [{ message: "", extensions: { code: "SESSION_ENDED" } }] };
const ME = `query WhoAmI { me { ${USER} } }`;

/**
 * Who is signed in. Each request of the page goes through here; the tokens are held in memory
 * only, so that a reload signs out and no storage ever has one.
 */
export class Session {
  /** Replaced, never changed, when somebody signs in or out or their roles change. */
  user: User | null = null;
  #tokens: Tokens | null = null;
  #refreshing: Promise<boolean> | null = null;
  #listeners = new Set<() => void>();

  constructor(readonly endpoint: string) {}

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Sends as the one who is signed in; an expired token is refreshed and the request repeated once. */
  async fetch(request: FetcherParams, headers: Record<string, string> = {}): Promise<Result> {
    // An Authorization from the headers editor is the user's own experiment: it wins.
    const tokens = new Headers(headers).has("Authorization") ? null : this.#tokens;
    const result = await this.#send(request, headers, tokens);
    const again = tokens && hasCode(result, "UNAUTHENTICATED") && (await this.#refresh(tokens));
    return this.#adopt(again ? await this.#send(request, headers, this.#tokens) : result);
  }

  /** Signs in and ends the session before; answers what went wrong, or null. */
  async signIn(email: string, password: string): Promise<string | null> {
    const before = this.#tokens;
    const request = { query: LOGIN, variables: { input: { email, password } } };
    const result = await this.#adopt(await this.#send(request));
    if (!authIn(result)) return result.errors?.[0]?.message ?? "The server sent no token.";
    if (before) void this.#end(before);
    return null;
  }

  async signOut() {
    const tokens = this.#tokens;
    this.#become(null, null);
    if (tokens) await this.#end(tokens);
  }

  async #send(request: FetcherParams, given: Record<string, string> = {}, tokens: Tokens | null = null) {
    const headers = new Headers(given);
    headers.set("Content-Type", "application/json");
    headers.set("Accept", "application/graphql-response+json, application/json;q=0.9");
    if (tokens) headers.set("Authorization", `Bearer ${tokens.access}`);
    const body = JSON.stringify(request);
    const response = await fetch(this.endpoint, { method: "POST", headers, body });
    const text = await response.text();
    try {
      return JSON.parse(text) as Result;
    } catch {
      throw new Error(`${response.status} ${response.statusText}\n${text}`);
    }
  }

  /** One refresh, however many requests found the token expired; true if there is a new one. */
  #refresh(expired: Tokens): Promise<boolean> {
    if (this.#tokens !== expired) return Promise.resolve(this.#tokens !== null);
    this.#refreshing ??= this.#renew(expired).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #renew(expired: Tokens): Promise<boolean> {
    const request = { query: REFRESH, variables: { input: { refreshToken: expired.refresh } } };
    const result = expired.refresh ? await this.#send(request) : ENDED;
    if (this.#tokens !== expired) return false; // Signed out in the meantime.
    if (hasCode(result, "SESSION_ENDED")) this.#become(null, null);
    return authIn(await this.#adopt(result)) !== undefined;
  }

  /** Whoever runs `login` in a tab is signed in on the page, too. */
  async #adopt(result: Result): Promise<Result> {
    const auth = authIn(result);
    if (!auth) return result;
    const tokens = { access: auth.accessToken, refresh: auth.refreshToken ?? null };
    const told = auth.user?.email !== undefined && auth.user.roles !== undefined;
    const user = told ? auth.user : (await this.#send({ query: ME }, {}, tokens)).data?.me;
    this.#become(tokens, user ?? null);
    return result;
  }

  #become(tokens: Tokens | null, user: User | null) {
    this.#tokens = tokens;
    if (JSON.stringify(user) === JSON.stringify(this.user)) return;
    this.user = user;
    this.#listeners.forEach((listener) => listener());
  }

  async #end(tokens: Tokens) {
    const input = tokens.refresh ? { refreshToken: tokens.refresh } : null;
    await this.#send({ query: LOGOUT, variables: { input } }, {}, tokens).catch(() => undefined);
  }
}

/** The AuthPayload among the root fields, under whatever alias; `register` has it one level down. */
function authIn({ data }: Result): Auth | undefined {
  const payloads = Object.values(data ?? {}).map((payload) => payload?.auth ?? payload);
  return payloads.find((payload) => typeof payload?.accessToken === "string");
}

function hasCode({ errors }: Result, code: string): boolean {
  return errors?.some((error) => error.extensions?.code === code) ?? false;
}

import { type FormEvent, useRef, useState, useSyncExternalStore } from "react";
import type { Account } from "./config";
import type { Session, User } from "./session";

/** Says who is signed in, and signs in as somebody else. */
export function Bar({ session, accounts }: { session: Session; accounts: Account[] }) {
  const user = useSyncExternalStore(session.subscribe, () => session.user);
  return (
    <header className="bar">
      <output>{user ? <Who user={user} /> : "Not signed in"}</output>
      {user && (
        <button type="button" onClick={() => session.signOut()}>
          Sign out
        </button>
      )}
      <button type="button" className={user ? "" : "primary"} popoverTarget="sign-in">
        {user ? "Switch" : "Sign in as…"}
      </button>
      <SignIn session={session} accounts={accounts} />
    </header>
  );
}

function Who({ user }: { user: User }) {
  const roles = user.roles?.map((role) => role.name).join(", ");
  return (
    <>
      <strong>{user.email}</strong> <span className="roles">{roles || "no roles"}</span>
    </>
  );
}

function SignIn({ session, accounts }: { session: Session; accounts: Account[] }) {
  const panel = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function signIn(email: string, password: string) {
    setBusy(true);
    const wrong = await session.signIn(email, password).catch((error: Error) => error.message);
    setBusy(false);
    setProblem(wrong);
    if (wrong === null) panel.current?.hidePopover();
  }

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    await signIn(String(fields.get("email")), String(fields.get("password")));
    form.reset();
  }

  return (
    <div ref={panel} id="sign-in" popover="auto" role="dialog" aria-label="Sign in">
      <fieldset disabled={busy}>
        {accounts.length > 0 && <h2>Demo accounts</h2>}
        {accounts.map(({ label, email, password }) => (
          <button key={email} type="button" className="account" onClick={() => signIn(email, password)}>
            <strong>{label}</strong> <span>{email}</span>
          </button>
        ))}
        <h2>{accounts.length > 0 ? "Another account" : "Sign in"}</h2>
        <form onSubmit={submit}>
          <input name="email" type="email" required placeholder="E-mail" aria-label="E-mail" autoComplete="username" />
          <input name="password" type="password" required placeholder="Password" aria-label="Password" autoComplete="current-password" />
          <button className="primary">Sign in</button>
        </form>
        {problem && <p role="alert">{problem}</p>}
      </fieldset>
    </div>
  );
}

// What a test does with a page, whichever client stands on it.
import { onSessionEnd, resume, signIn, signOut } from "./session";

export interface Pages {
  shown(): string;
  show(path: string): unknown;
}

export function drive(me: (number: number) => Promise<string | null | undefined>, pages = ownPages()) {
  const page = {
    resume: async () => !!(await resume()),
    signOut,
    shown: () => pages.shown(),
    async signIn(email: string, password: string) {
      try {
        await signIn(email, password);
        await pages.show("/");
        return "signed in";
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    // Several at once; numbered, so that no client takes them for one query.
    ask: (times: number) =>
      Promise.all(Array.from({ length: times }, (_, n) => me(n).catch(() => null))),
  };
  Object.assign(window, { page });
}

function ownPages(): Pages {
  let path = "/";
  onSessionEnd(() => (path = "/sign-in"));
  return { shown: () => path, show: (other) => (path = other) };
}

import type { Fetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { useMemo, useState, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { Bar } from "./bar";
import type { Config } from "./config";
import { allowStyles, named } from "./editor";
import { Session } from "./session";
import { scopedStorage } from "./storage";

/** Shows the page of `dev`: GraphiQL below a bar to sign in with. */
export function show(config: Config) {
  allowStyles(config.nonce);
  const session = new Session(config.endpoint);
  createRoot(document.getElementById("page")!).render(<Page config={config} session={session} />);
}

function Page({ config, session }: { config: Config; session: Session }) {
  const user = useSyncExternalStore(session.subscribe, () => session.user);
  const storage = useMemo(() => scopedStorage(config.scope), [config.scope]);
  // On the first visit GraphiQL shows the first tab's query, but leaves out what belongs to it.
  const [first] = useState(() => (storage.getItem("graphiql:tabState") === null ? config.tabs[0] : undefined));
  // A new fetcher makes GraphiQL fetch the schema again: it depends on who is asking.
  const fetcher = useMemo<Fetcher>(
    () => async (request, options) => (await session.fetch(named(request), options?.headers)) as object,
    [user],
  );
  return (
    <>
      <Bar session={session} accounts={config.accounts} />
      <GraphiQL
        fetcher={fetcher}
        storage={storage}
        defaultTabs={config.tabs}
        variables={first?.variables}
        headers={first?.headers}
        shouldPersistHeaders={false}
      />
    </>
  );
}

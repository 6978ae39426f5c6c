import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { useMemo, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { Bar } from "./bar";
import { config } from "./config";
import { Session } from "./session";
import { scopedStorage } from "./storage";
import "graphiql/style.css";
import "./page.css";

// The libraries below GraphiQL look here for the nonce of the style elements that they make.
Object.assign(globalThis, { __webpack_nonce__: config.nonce });

const session = new Session(config.endpoint);
const storage = scopedStorage(config.scope);

// On the first visit GraphiQL shows the first tab's query, but leaves out what belongs to it.
const first = storage.getItem("graphiql:tabState") === null ? config.tabs[0] : undefined;

/** For 100 ms after a change of tabs GraphiQL names the operation of the tab before. */
function named({ operationName, ...request }: FetcherParams): FetcherParams {
  return operationName && request.query.includes(operationName) ? { ...request, operationName } : request;
}

function Page() {
  const user = useSyncExternalStore(session.subscribe, () => session.user);
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

createRoot(document.getElementById("page")!).render(<Page />);

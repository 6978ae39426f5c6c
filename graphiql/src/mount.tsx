import type { Fetcher } from "@graphiql/toolkit";
import DOMPurify from "dompurify";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { allowStyles, named } from "./editor";

type Options = {
  fetcher: Fetcher;
  /** What is in the first tab on the first visit. */
  query: string;
  /** Holds tabs and history for as long as the one who mounts it wants. */
  storage: Storage;
  /** For the style elements that the dialogs' scroll lock makes. */
  nonce: string;
};

/**
 * Shows GraphiQL within an element of another application's page; returns what removes it.
 *
 * GraphiQL shows descriptions as HTML. Under Trusted Types a page takes no strings for HTML, so they
 * are sanitized: by a default policy, since there is none that GraphiQL would ask for.
 */
export function mount(element: HTMLElement, { fetcher, query, storage, nonce }: Options): () => void {
  allowStyles(nonce);
  sanitizeHtml();
  const root = createRoot(element);
  root.render(
    <GraphiQL
      fetcher={(request, options) => fetcher(named(request), options)}
      storage={storage}
      defaultQuery={query}
      isHeadersEditorEnabled={false}
      shouldPersistHeaders={false}
    />,
  );
  return () => root.unmount();
}

type Policies = {
  defaultPolicy: unknown;
  createPolicy(name: string, rules: { createHTML(html: string): string }): unknown;
};

function sanitizeHtml() {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  if (!trustedTypes || trustedTypes.defaultPolicy) return;
  trustedTypes.createPolicy("default", { createHTML: (html) => DOMPurify.sanitize(html) });
}

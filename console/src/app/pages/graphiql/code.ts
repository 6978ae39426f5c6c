import { DOCUMENT, inject } from '@angular/core';

/** An operation, as GraphiQL sends it. */
export interface Request {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: object | null;
}

/** What GraphiQL keeps tabs and history in; `Map` by other names. */
export interface Storage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
  clear(): void;
  readonly length: number;
}

interface Options {
  readonly fetcher: (request: Request) => Promise<object>;
  readonly query: string;
  readonly storage: Storage;
  readonly nonce: string;
}

/** GraphiQL as `graphiql/` at the root of the repository builds it. */
export interface Code {
  /** Shows it within an element; returns what removes it. */
  mount(place: HTMLElement, options: Options): () => void;
}

/** Keeps it as long as the document lasts: in what one writes may be what nobody else is to read. */
export function inMemory(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
    clear: () => kept.clear(),
    get length() {
      return kept.size;
    },
  };
}

/** Returns what fetches GraphiQL; the page says where it is. */
export function fetching(): () => Promise<Code> {
  const document = inject(DOCUMENT);
  const { script, style } = document.querySelector<HTMLElement>('app-root')!.dataset;
  return async () => {
    const [code] = await Promise.all([import(script!) as Promise<Code>, applied(document, style!)]);
    return code;
  };
}

/** Applies a style sheet, once. */
function applied(document: Document, address: string): Promise<void> {
  const links = [...document.querySelectorAll('link')];
  if (links.some((link) => link.getAttribute('href') === address)) return Promise.resolve();
  const link = document.createElement('link');
  return new Promise((done, failed) => {
    link.addEventListener('load', () => done());
    link.addEventListener('error', () => {
      link.remove();
      failed(new Error(`${address} was not fetched.`));
    });
    link.rel = 'stylesheet';
    link.href = address;
    document.head.append(link);
  });
}

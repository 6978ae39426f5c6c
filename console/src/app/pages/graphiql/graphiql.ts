import { Component, inject, signal } from '@angular/core';
import { GraphApiError, GraphQLClient, type TypedDocument } from '@graph-api/angular';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { ROOTS, signature, type Root } from './introspection';

const START = `query Me {
  me {
    id
    name
    permissions
  }
}
`;

/**
 * A page to try operations in, signed in as the person. The GraphiQL at `/graphql` completes what one
 * types, but is there in `dev` only, and could not run under this page's policy.
 */
@Component({ imports: [AskedView], templateUrl: './graphiql.html' })
export class Graphiql {
  readonly #client = inject(GraphQLClient);

  readonly start = START;
  readonly signature = signature;
  readonly busy = signal(false);
  readonly wrong = signal<string | null>(null);
  readonly answer = signal('');
  readonly summary = signal('');

  readonly asksSchema = signal(false);
  readonly schema = ask(
    () => this.asksSchema(),
    async (wanted, signal) => (wanted ? this.#roots(signal) : []),
  );

  async run(event: Event, query: string, typed: string): Promise<void> {
    event.preventDefault();
    const variables = this.#variables(typed);
    if (variables === null || this.busy()) return;
    this.busy.set(true);
    const began = performance.now();
    const answer = await this.#send(query, variables);
    const errors = 'errors' in answer ? answer.errors.length : 0;
    const said = errors === 0 ? 'without errors' : errors === 1 ? 'with an error' : `with ${errors} errors`;
    this.summary.set(`${said}, after ${Math.round(performance.now() - began)} ms`);
    this.answer.set(JSON.stringify(answer, null, 2));
    this.busy.set(false);
  }

  /** The members of the response that are there. */
  async #send(query: string, variables: object) {
    const document: TypedDocument<unknown, object> = query;
    try {
      const { data, errors } = await this.#client.answer(document, variables);
      return errors.length > 0 ? { data, errors } : { data };
    } catch (error) {
      if (!(error instanceof GraphApiError)) throw error;
      return { errors: error.errors.length > 0 ? error.errors : [{ message: error.message }] };
    }
  }

  #variables(typed: string): object | null {
    try {
      const variables: unknown = JSON.parse(typed.trim() || '{}');
      const isObject = typeof variables === 'object' && variables !== null && !Array.isArray(variables);
      this.wrong.set(isObject ? null : 'Variables are an object, such as {"id": "usr_…"}.');
      return isObject ? variables : null;
    } catch {
      this.wrong.set('This is no JSON.');
      return null;
    }
  }

  async #roots(signal: AbortSignal): Promise<readonly Root[]> {
    const { __schema } = await this.#client.request(ROOTS, {}, { signal });
    return [__schema.queryType, __schema.mutationType].filter((root) => root !== null);
  }
}

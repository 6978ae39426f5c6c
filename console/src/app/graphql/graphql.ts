import type { initGraphQLTada } from 'gql.tada';
import type { introspection } from './schema';

export type { ResultOf, VariablesOf } from 'gql.tada';

/** Text, with each fragment once. */
class Document {
  readonly parts: ReadonlySet<string>;

  constructor(source: string, fragments: readonly Document[] = []) {
    this.parts = new Set([source, ...fragments.flatMap(({ parts }) => [...parts])]);
  }

  toString(): string {
    return [...this.parts].join('\n');
  }
}

type Graphql = ReturnType<
  typeof initGraphQLTada<{
    introspection: introspection;
    disableMasking: true;
    scalars: { DateTime: string };
  }>
>;

/**
 * A document of which the types of variables and result follow from the server's schema:
 *
 * ```ts
 * const ME = graphql(`query Me { me { name } }`);
 * const { me } = await inject(GraphQLClient).request(ME);
 * ```
 *
 * The types are gql.tada's. At run time it is text: the page ships no parser.
 */
export const graphql = ((source: string, fragments?: readonly Document[]) =>
  new Document(source, fragments)) as unknown as Graphql;

import { Component, computed, inject, signal } from '@angular/core';
import { GraphQLClient } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';

const MATRIX = graphql(`
  query SchemaMatrix {
    schemaMatrix { roles rules { coordinate rule anonymous signedIn roles } }
  }
`);

@Component({ imports: [AskedView], templateUrl: './permissions.html' })
export class Permissions {
  readonly #client = inject(GraphQLClient);

  readonly marks = { ALLOWED: 'yes', DENIED: 'no', DEPENDS_ON_OBJECT: 'by object' };
  readonly search = signal('');
  readonly withOpen = signal(false);
  /** The server decides all of it: nothing here knows what a rule means. */
  readonly matrix = ask(
    () => null,
    async (_, signal) => (await this.#client.request(MATRIX, {}, { signal })).schemaMatrix,
  );

  readonly #rows = computed(() =>
    (this.matrix.value()?.rules ?? []).map(({ coordinate, rule, anonymous, signedIn, roles }) => ({
      coordinate,
      rule,
      accesses: [anonymous, signedIn, ...roles],
      text: `${coordinate} ${rule}`.toLowerCase(),
    })),
  );
  readonly found = computed(() => {
    const words = this.search().toLowerCase().split(/\s+/);
    return this.#rows().filter(
      ({ accesses, text }) =>
        (this.withOpen() || accesses.some((access) => access !== 'ALLOWED')) &&
        words.every((word) => text.includes(word)),
    );
  });
}

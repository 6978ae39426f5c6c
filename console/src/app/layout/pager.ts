import { Component, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { graphql, type ResultOf } from '../graphql/graphql';

/** What a page asks of a connection, beside its nodes. */
export const PAGE = graphql(`
  fragment Page on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }
`);

/** The arguments of a connection, from the cursors in the address of the page. */
export function pageAt(size: number, after: string | undefined, before: string | undefined) {
  return before ? { last: size, before } : { first: size, after: after ?? null };
}

/** Leads to the pages before and after, by their address: so one can go back, and load it anew. */
@Component({
  selector: 'app-pager',
  imports: [RouterLink],
  template: `
    @if (of().hasPreviousPage || of().hasNextPage) {
      <nav class="row" aria-label="More pages">
        @if (of().hasPreviousPage) {
          <a
            class="button"
            [routerLink]="[]"
            [queryParams]="{ before: of().startCursor, after: null }"
            queryParamsHandling="merge"
            >Previous</a
          >
        }
        @if (of().hasNextPage) {
          <a
            class="button"
            [routerLink]="[]"
            [queryParams]="{ after: of().endCursor, before: null }"
            queryParamsHandling="merge"
            >Next</a
          >
        }
      </nav>
    }
  `,
})
export class Pager {
  readonly of = input.required<ResultOf<typeof PAGE>>();
}

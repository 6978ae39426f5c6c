import { Component, computed, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { GraphQLClient, HasPermission, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { PAGE, Pager, pageAt } from '../../layout/pager';

const USERS = graphql(
  `
    query Users(
      $first: Int
      $after: String
      $last: Int
      $before: String
      $filter: UserFilter
      $seesRoles: Boolean!
    ) {
      users(
        first: $first
        after: $after
        last: $last
        before: $before
        filter: $filter
        orderBy: [{ field: CREATED_AT, direction: DESC }]
      ) {
        totalCount
        nodes { id name email disabledAt roles { id name } }
        pageInfo { ...Page }
      }
      roles @include(if: $seesRoles) { id name }
    }
  `,
  [PAGE],
);

@Component({
  imports: [AskedView, HasPermission, Pager, RouterLink],
  templateUrl: './users.html',
})
export class Users {
  readonly #client = inject(GraphQLClient);
  readonly #router = inject(Router);
  readonly #session = inject(Session);

  /** All from the address, so that a link shows the same to others. */
  readonly search = input<string>();
  readonly role = input<string>();
  readonly state = input<string>();
  readonly after = input<string>();
  readonly before = input<string>();

  readonly given = computed(() => ({ search: this.search(), role: this.role(), state: this.state() }));
  readonly users = ask(
    () => ({
      ...pageAt(20, this.after(), this.before()),
      filter: this.#filter(),
      seesRoles: this.#session.hasPermission('role:read'),
    }),
    (variables, signal) => this.#client.request(USERS, variables, { signal }),
  );

  narrow(event: Event, search: string, role: string, state: string): void {
    event.preventDefault();
    const queryParams = { search: search.trim() || null, role: role || null, state: state || null };
    void this.#router.navigate(['/users'], { queryParams });
  }

  #filter() {
    const { search, role, state } = this.given();
    const disabled = state ? state === 'disabled' : null;
    return { search: search ?? null, role: role ?? null, disabled };
  }
}

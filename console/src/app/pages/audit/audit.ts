import { DatePipe } from '@angular/common';
import { Component, computed, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { GraphQLClient, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { PAGE, Pager, pageAt } from '../../layout/pager';
import { device } from '../sessions/device';

const EVENTS = graphql(
  `
    query AuditEvents(
      $first: Int
      $after: String
      $last: Int
      $before: String
      $filter: AuditEventFilter
      $seesUsers: Boolean!
    ) {
      auditEvents(
        first: $first
        after: $after
        last: $last
        before: $before
        filter: $filter
        orderBy: [{ field: AT, direction: DESC }]
      ) {
        totalCount
        nodes {
          id
          at
          action
          outcome
          actorId
          targetId
          ipAddress
          userAgent
          details
          actor @include(if: $seesUsers) { name email }
        }
        pageInfo { ...Page }
      }
    }
  `,
  [PAGE],
);

/** What is offered while one types; any other text is asked for as it stands. */
const ACTIONS = [
  'sign_in', 'sign_in_failed', 'register', 'refresh', 'refresh_token_reused', 'refresh_token_ahead',
  'sign_out', 'sign_out_everywhere', 'session_revoked', 'password_changed', 'password_change_failed',
  'password_reset', 'profile_updated', 'user_created', 'user_updated', 'user_disabled', 'user_enabled',
  'user_deleted', 'role_granted', 'role_revoked', 'role_created', 'role_updated', 'role_deleted',
  'key_created', 'key_rotated',
];

const FILTERS = ['action', 'outcome', 'actor', 'target', 'from', 'to'];

interface Done {
  readonly actorId: string | null;
  readonly actor?: { readonly name: string | null; readonly email: string | null } | null | undefined;
}

@Component({
  imports: [AskedView, DatePipe, Pager, RouterLink],
  templateUrl: './audit.html',
})
export class Audit {
  readonly #client = inject(GraphQLClient);
  readonly #router = inject(Router);
  readonly #session = inject(Session);

  /** All from the address, so that a link shows the same to others. */
  readonly action = input<string>();
  readonly outcome = input<string>();
  readonly actor = input<string>();
  readonly target = input<string>();
  readonly from = input<string>();
  readonly to = input<string>();
  readonly after = input<string>();
  readonly before = input<string>();

  readonly actions = ACTIONS;
  readonly device = device;
  readonly given = computed(() => ({
    actions: this.action() ? [this.action()!] : null,
    outcome: OUTCOMES.find((each) => each === this.outcome()) ?? null,
    actorId: this.actor() ?? null,
    targetId: this.target() ?? null,
    after: midnight(this.from(), 0),
    before: midnight(this.to(), 1),
  }));
  readonly events = ask(
    () => ({
      ...pageAt(25, this.after(), this.before()),
      filter: this.given(),
      seesUsers: this.#session.hasPermission('user:read'),
    }),
    async (variables, signal) =>
      (await this.#client.request(EVENTS, variables, { signal })).auditEvents,
  );

  narrow(event: Event, form: HTMLFormElement): void {
    event.preventDefault();
    const typed = new FormData(form);
    const queryParams = Object.fromEntries(
      FILTERS.map((name) => [name, String(typed.get(name)).trim() || null]),
    );
    void this.#router.navigate(['/audit'], { queryParams });
  }

  nameOf({ actorId, actor }: Done): string {
    return actor?.name ?? actor?.email ?? actorId ?? '';
  }

  details(details: unknown): string {
    const entries = Object.entries(details ?? {});
    return entries.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ');
  }
}

const OUTCOMES = ['SUCCESS', 'FAILURE'] as const;

/** When a day begins here, some days later; null for what is no day. */
function midnight(day: string | undefined, later: number): string | null {
  const begins = new Date(`${day}T00:00`);
  begins.setDate(begins.getDate() + later);
  return Number.isNaN(begins.valueOf()) ? null : begins.toISOString();
}

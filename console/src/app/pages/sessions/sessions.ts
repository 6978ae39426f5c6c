import { DatePipe } from '@angular/common';
import { Component, inject, input, viewChild } from '@angular/core';
import { GraphQLClient, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { Banner } from '../../layout/banner';
import { Confirm } from '../../layout/confirm';
import { PAGE, Pager, pageAt } from '../../layout/pager';
import { Problem } from '../../layout/problem';
import { Submission } from '../../layout/submission';
import { device } from './device';

const SESSIONS = graphql(
  `
    query Sessions($first: Int, $after: String, $last: Int, $before: String) {
      sessions(first: $first, after: $after, last: $last, before: $before) {
        nodes { id current createdAt lastUsedAt endedAt userAgent ipAddress }
        pageInfo { ...Page }
      }
    }
  `,
  [PAGE],
);
const END = graphql(`
  mutation EndSession($input: RevokeSessionInput!) { revokeSession(input: $input) { session { id } } }
`);
const END_ALL = graphql(`mutation EndAll { logoutEverywhere { endedSessionIds } }`);

@Component({
  imports: [AskedView, Confirm, DatePipe, Pager, Problem],
  templateUrl: './sessions.html',
})
export class Sessions {
  readonly #banner = inject(Banner);
  readonly #client = inject(GraphQLClient);
  private readonly confirm = viewChild.required(Confirm);
  readonly #session = inject(Session);

  /** Cursors, from the address. */
  readonly after = input<string>();
  readonly before = input<string>();

  readonly device = device;
  readonly ending = new Submission();
  readonly sessions = ask(
    () => pageAt(20, this.after(), this.before()),
    async (page, signal) => (await this.#client.request(SESSIONS, page, { signal })).sessions,
  );

  async end(sessionId: string): Promise<void> {
    const input = { sessionId };
    if (!(await this.ending.send(() => this.#client.request(END, { input })))) return;
    this.#banner.gone('The session is ended.');
    this.sessions.reload();
  }

  /** Also this one: its cookie goes with signing out. */
  async endAll(): Promise<void> {
    const question = 'End all your sessions? You will be signed out everywhere, here as well.';
    if (!(await this.confirm().ask(question, 'End all'))) return;
    if (await this.ending.send(() => this.#client.request(END_ALL))) await this.#session.signOut();
  }
}

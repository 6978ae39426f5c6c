import { DatePipe } from '@angular/common';
import { Component, computed, inject, input, viewChild } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { GraphQLClient, HasPermission, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { Banner } from '../../layout/banner';
import { Confirm } from '../../layout/confirm';
import { Problem } from '../../layout/problem';
import { Submission } from '../../layout/submission';
import { device } from '../sessions/device';

const USER = graphql(`
  query User($id: ID!, $seesRoles: Boolean!, $seesSessions: Boolean!) {
    user(id: $id) {
      id
      name
      email
      createdAt
      lastLoginAt
      disabledAt
      permissions
      roles { id name }
      sessions(first: 20) @include(if: $seesSessions) {
        nodes { id lastUsedAt endedAt userAgent ipAddress }
      }
    }
    roles @include(if: $seesRoles) { id name }
  }
`);
const UPDATE = graphql(`
  mutation UpdateUser($input: UpdateUserInput!) { updateUser(input: $input) { user { id } } }
`);
const DISABLE = graphql(`
  mutation DisableUser($input: DisableUserInput!) { disableUser(input: $input) { user { id } } }
`);
const ENABLE = graphql(`
  mutation EnableUser($input: EnableUserInput!) { enableUser(input: $input) { user { id } } }
`);
const DELETE = graphql(`
  mutation DeleteUser($input: DeleteUserInput!) { deleteUser(input: $input) { deletedUserId } }
`);
const GRANT = graphql(`
  mutation GrantRole($input: GrantRoleInput!) { grantRole(input: $input) { user { id } } }
`);
const REVOKE = graphql(`
  mutation RevokeRole($input: RevokeRoleInput!) { revokeRole(input: $input) { user { id } } }
`);
const END = graphql(`
  mutation EndSession($input: RevokeSessionInput!) { revokeSession(input: $input) { session { id } } }
`);

type Named = { readonly name: string | null; readonly email: string | null };

@Component({
  imports: [AskedView, Confirm, DatePipe, HasPermission, Problem, RouterLink],
  templateUrl: './user.html',
})
export class User {
  readonly #banner = inject(Banner);
  readonly #client = inject(GraphQLClient);
  readonly #router = inject(Router);
  readonly #session = inject(Session);
  private readonly confirm = viewChild.required(Confirm);

  /** From the address. */
  readonly id = input.required<string>();

  readonly device = device;
  readonly acting = new Submission();
  readonly changing = new Submission();
  readonly mayGrant = computed(() => this.#session.hasPermission('user:write', 'role:read'));
  readonly answer = ask(
    () => ({
      id: this.id(),
      seesRoles: this.#session.hasPermission('role:read'),
      seesSessions: this.#session.hasPermission('session:read'),
    }),
    (variables, signal) => this.#client.request(USER, variables, { signal }),
  );
  readonly held = computed(
    () => new Set(this.answer.value()?.user?.roles?.map((role) => role.id) ?? []),
  );

  async change(event: Event, email: string, name: string): Promise<void> {
    event.preventDefault();
    const input = { userId: this.id(), email, name: name || null };
    const done = await this.changing.send(() => this.#client.request(UPDATE, { input }));
    if (done) this.#show('The change is saved.');
  }

  async disable(user: Named): Promise<void> {
    const question = `Disable ${user.email}? They will be signed out everywhere, and can’t sign in.`;
    if (!(await this.confirm().ask(question, 'Disable'))) return;
    await this.#act(() => this.#client.request(DISABLE, this.#whom()), 'The account is disabled.');
  }

  async enable(): Promise<void> {
    await this.#act(() => this.#client.request(ENABLE, this.#whom()), 'The account is enabled.');
  }

  async remove(user: Named): Promise<void> {
    const question = `Delete ${user.email}? This can’t be taken back.`;
    if (!(await this.confirm().ask(question, 'Delete'))) return;
    if (!(await this.acting.send(() => this.#client.request(DELETE, this.#whom())))) return;
    await this.#router.navigate(['/users']);
    this.#banner.say('The account is deleted.');
  }

  async grant(event: Event, roleId: string): Promise<void> {
    const box = event.target as HTMLInputElement;
    const given = { input: { userId: this.id(), roleId } };
    const done = box.checked
      ? await this.#act(() => this.#client.request(GRANT, given), 'The role is granted.')
      : await this.#act(() => this.#client.request(REVOKE, given), 'The role is taken away.');
    if (!done) box.checked = !box.checked;
  }

  async end(sessionId: string): Promise<void> {
    const given = { input: { sessionId } };
    if (!(await this.acting.send(() => this.#client.request(END, given)))) return;
    this.#banner.gone('The session is ended.');
    this.answer.reload();
  }

  async #act(work: () => Promise<unknown>, done: string): Promise<boolean> {
    const isDone = await this.acting.send(work);
    if (isDone) this.#show(done);
    return isDone;
  }

  #show(done: string): void {
    this.#banner.say(done);
    this.answer.reload();
  }

  #whom() {
    return { input: { userId: this.id() } };
  }
}

import { Component, computed, inject, linkedSignal, signal, viewChild } from '@angular/core';
import { GraphQLClient, HasPermission, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { permissions } from '../../graphql/permissions';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { Banner } from '../../layout/banner';
import { Confirm } from '../../layout/confirm';
import { Problem } from '../../layout/problem';
import { Submission } from '../../layout/submission';
import type { MayHoldUnsaved } from '../../layout/unsaved';
import { box, drafts, permissionsOf, through, unfulfilled, type Stored, type Wanted } from './drafts';

const ROLES = graphql(`
  query Roles { roles { id name description permissions includes { id } } }
`);
const UPDATE = graphql(`
  mutation UpdateRole($input: UpdateRoleInput!) { updateRole(input: $input) { role { id } } }
`);
const CREATE = graphql(`
  mutation CreateRole($input: CreateRoleInput!) { createRole(input: $input) { role { id } } }
`);
const DELETE = graphql(`
  mutation DeleteRole($input: DeleteRoleInput!) { deleteRole(input: $input) { deletedRoleId } }
`);

@Component({
  imports: [AskedView, Confirm, HasPermission, Problem],
  host: { '(window:beforeunload)': 'hold($event)' },
  templateUrl: './roles.html',
})
export class Roles implements MayHoldUnsaved {
  readonly #banner = inject(Banner);
  readonly #client = inject(GraphQLClient);
  readonly #session = inject(Session);
  private readonly confirm = viewChild.required(Confirm);

  readonly box = box;
  readonly saving = new Submission();
  readonly creating = new Submission();
  readonly describing = new Submission();
  readonly search = signal('');
  readonly roles = ask(
    () => null,
    async (_, signal) => (await this.#client.request(ROLES, {}, { signal })).roles ?? [],
  );

  /** The boxes that differ from what the server has; what it has granted meanwhile, goes. */
  readonly wanted = linkedSignal<readonly Stored[], Wanted>({
    source: () => this.roles.value() ?? [],
    computation: (stored, before) => unfulfilled(stored, before?.value ?? new Map()),
  });
  readonly #drafts = computed(() => drafts(this.roles.value() ?? [], this.wanted()));
  readonly found = computed(() => {
    const words = this.search().toLowerCase().split(/\s+/);
    const text = (permission: string) => `${permission} ${this.says(permission)}`.toLowerCase();
    return permissionsOf(this.roles.value() ?? []).filter((permission) =>
      words.every((word) => text(permission).includes(word)),
    );
  });

  /** What a permission allows. An application's own are known to the server only. */
  says(permission: string): string {
    return (permissions as Readonly<Record<string, string>>)[permission] ?? '';
  }

  /** `admin` holds every permission for ever. */
  mayChange(role: Stored): boolean {
    return role.name !== 'admin' && this.#session.hasPermission('role:write');
  }

  isHeld(roleId: string, held: string): boolean {
    return this.#drafts().get(roleId)?.holds.has(held) ?? false;
  }

  through(roleId: string, permission: string): string | null {
    return through(this.#drafts(), roleId, permission);
  }

  toggle(roleId: string, held: string): void {
    const wish = [box(roleId, held), !this.isHeld(roleId, held)] as const;
    this.wanted.set(unfulfilled(this.roles.value() ?? [], new Map([...this.wanted(), wish])));
  }

  /** Whoever is signed out meanwhile isn't asked: they could save nothing. */
  mayLeave(): boolean | Promise<boolean> {
    if (this.wanted().size === 0 || !this.#session.user()) return true;
    return this.confirm().ask('Leave the page? What you have changed is not saved.', 'Leave');
  }

  /** The browser asks in its own words. */
  hold(event: BeforeUnloadEvent): void {
    if (this.wanted().size > 0) event.preventDefault();
  }

  discard(): void {
    this.wanted.set(new Map());
  }

  /** One role after the other: those that are refused stay changed in the page. */
  async save(): Promise<void> {
    const done = await this.saving.send(async () => {
      for (const role of this.roles.value() ?? []) await this.#save(role);
    });
    if (done) this.#banner.say('The roles are saved.');
    this.roles.reload();
  }

  async create(event: Event, name: HTMLInputElement, description: HTMLInputElement): Promise<void> {
    event.preventDefault();
    const input = { name: name.value.trim(), description: description.value || null };
    if (!(await this.creating.send(() => this.#client.request(CREATE, { input })))) return;
    name.value = description.value = '';
    this.#banner.say('The role is there. It grants nothing yet.');
    this.roles.reload();
  }

  async describe(event: Event, role: Stored, description: string): Promise<void> {
    event.preventDefault();
    const input = { roleId: role.id, description: description || null };
    if (!(await this.describing.send(() => this.#client.request(UPDATE, { input })))) return;
    this.#banner.say('The role is described.');
    this.roles.reload();
  }

  async remove(role: Stored): Promise<void> {
    const question = `Delete ${role.name}? Whoever holds it holds it no more.`;
    if (!(await this.confirm().ask(question, 'Delete'))) return;
    const input = { roleId: role.id };
    if (!(await this.saving.send(() => this.#client.request(DELETE, { input })))) return;
    this.#banner.gone('The role is deleted.');
    this.roles.reload();
  }

  async #save({ id }: Stored): Promise<void> {
    if (![...this.wanted().keys()].some((name) => name.startsWith(box(id, '')))) return;
    const held = [...(this.#drafts().get(id)?.holds ?? [])];
    const isRole = (each: string) => this.#drafts().has(each);
    const input = {
      roleId: id,
      permissions: held.filter((each) => !isRole(each)),
      includeIds: held.filter(isRole),
    };
    await this.#client.request(UPDATE, { input });
  }
}

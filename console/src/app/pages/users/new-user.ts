import { Component, inject } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { GraphQLClient, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { ask } from '../../layout/ask';
import { Problem } from '../../layout/problem';
import { Submission } from '../../layout/submission';

const ROLES = graphql(`
  query RolesToGrant($seesRoles: Boolean!) { roles @include(if: $seesRoles) { id name } }
`);
const CREATE = graphql(`
  mutation CreateUser($input: CreateUserInput!) { createUser(input: $input) { user { id } } }
`);

@Component({ imports: [Problem, RouterLink], templateUrl: './new-user.html' })
export class NewUser {
  readonly #client = inject(GraphQLClient);
  readonly #router = inject(Router);
  readonly #session = inject(Session);

  readonly sent = new Submission();
  /** None for those who may not see them: then the server grants none. */
  readonly roles = ask(
    () => ({ seesRoles: this.#session.hasPermission('role:read') }),
    async (variables, signal) => (await this.#client.request(ROLES, variables, { signal })).roles,
  );

  async create(event: Event, form: HTMLFormElement): Promise<void> {
    event.preventDefault();
    const typed = new FormData(form);
    const input = {
      email: String(typed.get('email')),
      name: String(typed.get('name')) || null,
      password: String(typed.get('password')),
      roleIds: typed.getAll('roleIds').map(String),
    };
    await this.sent.send(async () => {
      const { createUser } = await this.#client.request(CREATE, { input });
      await this.#router.navigate(['/users', createUser?.user.id]);
    });
  }
}

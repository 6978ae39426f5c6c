import { DatePipe } from '@angular/common';
import { Component, inject, resource } from '@angular/core';
import { GraphQLClient, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';

const ME = graphql(`
  query Profile {
    me { id name email createdAt lastLoginAt roles { id name description } }
  }
`);

@Component({ imports: [DatePipe], templateUrl: './profile.html' })
export class Profile {
  readonly #client = inject(GraphQLClient);
  readonly #session = inject(Session);

  /** Asked again when somebody else signs in, or a refresh brings other roles. */
  readonly me = resource({
    params: () => this.#session.user() ?? undefined,
    loader: async ({ abortSignal }) =>
      (await this.#client.request(ME, {}, { signal: abortSignal })).me,
  });
}

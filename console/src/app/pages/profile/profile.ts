import { DatePipe } from '@angular/common';
import { Component, inject } from '@angular/core';
import { GraphQLClient, Session } from '@graph-api/angular';
import { graphql } from '../../graphql/graphql';
import { ask } from '../../layout/ask';
import { AskedView } from '../../layout/asked';
import { Banner } from '../../layout/banner';
import { Problem } from '../../layout/problem';
import { Submission } from '../../layout/submission';

const ME = graphql(`
  query Profile {
    me { id name email createdAt lastLoginAt permissions roles { id name description } }
  }
`);
const RENAME = graphql(`
  mutation Rename($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }
`);
const CHANGE_PASSWORD = graphql(`
  mutation ChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input) { accessToken refreshToken expiresIn }
  }
`);

/** Each thing to look after is a section of its own: a second factor will be the next. */
@Component({ imports: [AskedView, DatePipe, Problem], templateUrl: './profile.html' })
export class Profile {
  readonly #banner = inject(Banner);
  readonly #client = inject(GraphQLClient);
  readonly #session = inject(Session);

  readonly renaming = new Submission();
  readonly changing = new Submission();
  readonly me = ask(
    () => null,
    async (_, signal) => (await this.#client.request(ME, {}, { signal })).me,
  );

  async rename(event: Event, name: string): Promise<void> {
    event.preventDefault();
    const input = { name: name || null };
    if (!(await this.renaming.send(() => this.#client.request(RENAME, { input })))) return;
    this.#banner.say('Your name is saved.');
    this.me.reload();
  }

  async changePassword(event: Event, current: HTMLInputElement, next: HTMLInputElement): Promise<void> {
    event.preventDefault();
    const input = { currentPassword: current.value, newPassword: next.value };
    const done = await this.changing.send(() => this.#change(input));
    if (!done) return (current.select(), current.focus());
    current.value = next.value = '';
    this.#banner.say('Your password is changed. All other devices are signed out.');
  }

  /** All sessions end, this one goes on with new tokens. */
  async #change(input: { currentPassword: string; newPassword: string }): Promise<void> {
    const { changePassword } = await this.#client.request(CHANGE_PASSWORD, { input }, IN_COOKIE);
    if (changePassword) this.#session.adopt(changePassword);
  }
}

/** As at sign-in: the refresh token goes to the browser's cookie. */
const IN_COOKIE = { withCredentials: true, headers: { 'Graph-Api-Session': 'cookie' } };

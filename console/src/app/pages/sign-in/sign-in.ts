import { Component, effect, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Session, localUrl } from '@graph-api/angular';
import { Problem } from '../../layout/problem';
import { Submission } from '../../layout/submission';

@Component({ imports: [Problem, RouterLink], templateUrl: './sign-in.html' })
export class SignIn {
  readonly #router = inject(Router);
  readonly #session = inject(Session);

  /** Where the person wanted to go, from the address of this page: anybody may have written it. */
  readonly returnUrl = input<string>();

  readonly sent = new Submission();

  constructor() {
    // Also if another tab signs in, or the session is resumed while this page is shown.
    effect(() => {
      if (this.#session.user()) {
        void this.#router.navigateByUrl(localUrl(this.returnUrl()), { replaceUrl: true });
      }
    });
  }

  async signIn(event: Event, email: string, password: HTMLInputElement): Promise<void> {
    event.preventDefault();
    const credentials = { email, password: password.value };
    if (await this.sent.send(() => this.#session.signIn(credentials))) return;
    password.value = '';
    password.focus();
  }
}

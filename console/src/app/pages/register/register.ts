import { Component, effect, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Session, localUrl } from '@graph-api/angular';
import { Problem } from '../../layout/problem';
import { Submission } from '../../layout/submission';

@Component({ imports: [Problem, RouterLink], templateUrl: './register.html' })
export class Register {
  readonly #router = inject(Router);
  readonly #session = inject(Session);

  /** Where the person wanted to go, from the address of this page: anybody may have written it. */
  readonly returnUrl = input<string>();

  readonly sent = new Submission();
  readonly toConfirm = signal(false);

  constructor() {
    effect(() => {
      if (this.#session.user()) {
        void this.#router.navigateByUrl(localUrl(this.returnUrl()), { replaceUrl: true });
      }
    });
  }

  async register(event: Event, name: string, email: string, password: string): Promise<void> {
    event.preventDefault();
    await this.sent.send(async () => {
      const signedIn = await this.#session.register({ name: name || null, email, password });
      this.toConfirm.set(!signedIn);
    });
  }
}

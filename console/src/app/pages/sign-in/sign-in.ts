import { Component, effect, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { GraphApiError, Session, localUrl } from '@graph-api/angular';

@Component({ imports: [RouterLink], templateUrl: './sign-in.html' })
export class SignIn {
  readonly #router = inject(Router);
  readonly #session = inject(Session);

  /** Where the person wanted to go, from the address of this page: anybody may have written it. */
  readonly returnUrl = input<string>();

  readonly busy = signal(false);
  readonly problem = signal<string | null>(null);

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
    this.busy.set(true);
    this.problem.set(null);
    try {
      await this.#session.signIn({ email, password: password.value });
    } catch (error) {
      this.problem.set(sentence(error));
      password.value = '';
      password.focus();
    } finally {
      this.busy.set(false);
    }
  }
}

function sentence(error: unknown): string {
  if (!(error instanceof GraphApiError)) throw error;
  if (error.code !== 'RATE_LIMITED') return error.message;
  return `Too many attempts. Try again in ${error.retryAfter} seconds.`;
}

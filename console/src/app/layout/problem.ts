import { Component, input } from '@angular/core';
import { GraphApiError } from '@graph-api/angular';

/** What went wrong, said at once to those who can't see it appear. */
@Component({
  selector: 'app-problem',
  template: `
    <div role="alert">
      @if (error(); as error) {
        @for (sentence of sentences(error); track sentence) {
          <p class="problem">{{ sentence }}</p>
        }
      }
    </div>
  `,
})
export class Problem {
  readonly error = input.required<Error | null>();
  readonly sentences = sentencesOf;
}

function sentencesOf(error: Error): readonly string[] {
  if (!(error instanceof GraphApiError)) return ['Something went wrong in this page. Load it anew.'];
  if (error.code === 'RATE_LIMITED') {
    return [`Too many attempts. Try again in ${error.retryAfter} seconds.`];
  }
  return error.fields.length > 1 ? error.fields.map(({ message }) => message) : [error.message];
}

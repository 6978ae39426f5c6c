import { Component, input } from '@angular/core';
import type { Asked } from './ask';
import { Problem } from './problem';

/** What a page shows while there is no answer yet, and when there is none. */
@Component({
  selector: 'app-asked',
  imports: [Problem],
  template: `
    @if (of().error(); as error) {
      <div class="card stack">
        <app-problem [error]="error" />
        <div><button type="button" (click)="of().reload()">Try again</button></div>
      </div>
    } @else if (of().isLoading() && of().value() === undefined) {
      <p class="card quiet" aria-busy="true">Loading…</p>
    }
  `,
})
export class AskedView {
  readonly of = input.required<Asked<unknown>>();
}

import type { CanDeactivateFn } from '@angular/router';

/** A page that may hold what was not saved. */
export interface MayHoldUnsaved {
  /** Whether one may leave; asks, if something would be lost. */
  mayLeave(): boolean | Promise<boolean>;
}

/** A route guard: nobody loses by a click what they have not saved. */
export const unlessUnsaved: CanDeactivateFn<MayHoldUnsaved> = (page) => page.mayLeave();

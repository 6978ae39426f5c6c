import { signal } from '@angular/core';
import { GraphApiError } from '@graph-api/angular';

/** A form on its way to the server, and what the server has against it. */
export class Submission {
  readonly busy = signal(false);
  readonly error = signal<GraphApiError | null>(null);

  /** Returns whether it was done. What is pressed twice is sent once. */
  async send(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy()) return false;
    this.busy.set(true);
    this.error.set(null);
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof GraphApiError)) throw error;
      this.error.set(error);
      return false;
    } finally {
      this.busy.set(false);
    }
  }

  /** Whether the server objects to this field of the input: for `aria-invalid`. */
  objectsTo(field: string): true | null {
    return this.error()?.fields.some(({ path }) => path.at(-1) === field) || null;
  }
}

import { Component, signal, viewChild, type ElementRef } from '@angular/core';

/** Asks before what can't be taken back. The browser keeps the focus inside, and gives it back. */
@Component({
  selector: 'app-confirm',
  template: `
    <dialog #dialog aria-labelledby="question" (close)="close(dialog)">
      <p id="question">{{ question() }}</p>
      <div class="row">
        <button type="button" (click)="dialog.close('no')">Cancel</button>
        <button type="button" class="danger" (click)="dialog.close('yes')">{{ action() }}</button>
      </div>
    </dialog>
  `,
})
export class Confirm {
  readonly question = signal('');
  readonly action = signal('');
  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');
  #answer: (confirmed: boolean) => void = () => undefined;

  /** @param action what the button says that does it. */
  ask(question: string, action: string): Promise<boolean> {
    this.question.set(question);
    this.action.set(action);
    const dialog = this.dialog().nativeElement;
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((answer) => (this.#answer = answer));
  }

  close({ open, returnValue }: HTMLDialogElement): void {
    if (open) return; // The browser says late that it was closed: it asks something else by now.
    this.#answer(returnValue === 'yes');
  }
}

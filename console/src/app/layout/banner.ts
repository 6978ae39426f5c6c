import { Component, DOCUMENT, Injectable, inject, signal } from '@angular/core';
import { NavigationStart, Router } from '@angular/router';

/** What the person must know wherever they are. */
@Injectable({ providedIn: 'root' })
export class Banner {
  readonly #window = inject(DOCUMENT).defaultView!;
  readonly offline = signal(!this.#window.navigator.onLine);
  readonly message = signal<string | null>(null);
  /** The page whose code could not be fetched. */
  readonly missing = signal<string | null>(null);

  constructor() {
    this.#window.addEventListener('offline', () => this.offline.set(true));
    this.#window.addEventListener('online', () => this.offline.set(false));
    inject(Router).events.subscribe((event) => {
      if (!(event instanceof NavigationStart)) return;
      this.message.set(null);
      this.missing.set(null);
    });
  }

  /** Shows a sentence until the next one, until it is closed, or the person goes elsewhere. */
  say(sentence: string): void {
    this.message.set(sentence);
  }

  /** Says that something is gone. Its button goes with it, so the focus goes to the page (WCAG 2.4.3). */
  gone(sentence: string): void {
    this.say(sentence);
    this.#window.document.getElementById('main')?.focus();
  }
}

@Component({
  selector: 'app-banner',
  template: `
    <div role="status">
      @if (banner.offline()) {
        <p class="banner">You are offline. What you see may be old.</p>
      }
      @if (banner.message(); as sentence) {
        <p class="banner">
          {{ sentence }} <button type="button" (click)="banner.message.set(null)">Close</button>
        </p>
      }
      @if (banner.missing(); as page) {
        <p class="banner">
          The page could not be fetched: the server can’t be reached, or has a newer console.
          <a [href]="page">Load it anew</a>
        </p>
      }
    </div>
  `,
})
export class BannerView {
  readonly banner = inject(Banner);
}

import { Component, inject } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { HasPermission, Session } from '@graph-api/angular';
import { Banner, BannerView } from './layout/banner';

@Component({
  selector: 'app-root',
  imports: [BannerView, HasPermission, RouterLink, RouterLinkActive, RouterOutlet],
  templateUrl: './app.html',
})
export class App {
  readonly #banner = inject(Banner);
  readonly session = inject(Session);

  async signOut(): Promise<void> {
    await this.session.signOut().catch(() =>
      this.#banner.say('The server was not reached: your session is still open there.'),
    );
  }
}

import { Component } from '@angular/core';
import { RouterLink } from '@angular/router';

@Component({
  imports: [RouterLink],
  template: `
    <h1>Not for you</h1>
    <p>Your roles don’t open this page. Somebody who manages users can grant you one that does.</p>
    <p><a routerLink="/profile">Your profile</a> says which you have.</p>
  `,
})
export class Forbidden {}

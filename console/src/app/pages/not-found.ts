import { Component } from '@angular/core';
import { RouterLink } from '@angular/router';

@Component({
  imports: [RouterLink],
  template: `
    <h1>There is no such page</h1>
    <p><a routerLink="/">Go to the start</a></p>
  `,
})
export class NotFound {}

import { Component } from '@angular/core';

@Component({ template: '<h1>Sessions</h1>' })
export class Sessions {}

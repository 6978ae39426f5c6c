import { Component } from '@angular/core';

@Component({ template: '<h1>Permissions</h1>' })
export class Permissions {}

import { Component } from '@angular/core';

@Component({ template: '<h1>Roles</h1>' })
export class Roles {}

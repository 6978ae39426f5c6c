import { Component } from '@angular/core';

@Component({ template: '<h1>Audit trail</h1>' })
export class Audit {}

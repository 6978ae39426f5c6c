import { Component } from '@angular/core';

@Component({ template: '<h1>Register</h1>' })
export class Register {}

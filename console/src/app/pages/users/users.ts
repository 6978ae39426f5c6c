import { Component } from '@angular/core';

@Component({ template: '<h1>Users</h1>' })
export class Users {}

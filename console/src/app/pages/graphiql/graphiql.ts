import { Component } from '@angular/core';

@Component({ template: '<h1>GraphiQL</h1>' })
export class Graphiql {}

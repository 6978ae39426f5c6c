import { Component } from "@angular/core";
import type { Routes } from "@angular/router";

@Component({ selector: "app-page", template: "" })
class Page {}

export const routes: Routes = [{ path: "**", component: Page }];

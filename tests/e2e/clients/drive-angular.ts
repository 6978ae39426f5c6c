import "@angular/compiler";
import { HttpClient } from "@angular/common/http";
import { Component } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { Router, RouterOutlet } from "@angular/router";
import { firstValueFrom } from "rxjs";
import { appConfig } from "./app.config";
import { drive } from "./drive";
import { endpoint } from "./session";

@Component({ selector: "app-root", imports: [RouterOutlet], template: "<router-outlet />" })
class App {}

document.body.append(document.createElement("app-root"));
const { injector } = await bootstrapApplication(App, appConfig);
const http = injector.get(HttpClient);
const router = injector.get(Router);
const pages = { shown: () => router.url, show: (path: string) => router.navigateByUrl(path) };
drive(async (number) => {
  const query = `query { you${number}: me { email } }`;
  const { data } = await firstValueFrom(http.post<any>(endpoint, { query }));
  return data[`you${number}`]?.email;
}, pages);

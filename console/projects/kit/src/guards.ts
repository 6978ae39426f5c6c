import { inject } from '@angular/core';
import { Router, type CanActivateFn, type UrlTree } from '@angular/router';
import { AUTH_OPTIONS } from './options';
import type { Permission, Role } from './register';
import { Session } from './session';

/**
 * Guards keep people from pages that would only refuse them. They protect nothing: the server does.
 */
export const signedIn: CanActivateFn = (_, { url }) => guard(url, () => true);

/** Whoever has all of these permissions. */
export function hasPermission(...permissions: readonly Permission[]): CanActivateFn {
  return (_, { url }) => guard(url, (session) => session.hasPermission(...permissions));
}

/** Whoever has all of these roles. */
export function hasRole(...roles: readonly Role[]): CanActivateFn {
  return (_, { url }) => guard(url, (session) => session.hasRole(...roles));
}

async function guard(url: string, mayPass: (session: Session) => boolean): Promise<boolean | UrlTree> {
  const session = inject(Session);
  const router = inject(Router);
  const { signInUrl, forbiddenUrl } = inject(AUTH_OPTIONS);
  await session.resumed;
  if (!session.user()) return router.createUrlTree([signInUrl], { queryParams: { returnUrl: url } });
  return mayPass(session) || router.createUrlTree([forbiddenUrl]);
}

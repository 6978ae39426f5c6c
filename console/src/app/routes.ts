import type { Routes } from '@angular/router';
import { hasPermission, signedIn } from '@graph-api/angular';
import { unlessUnsaved } from './layout/unsaved';

const title = (page: string) => `${page} · graph-api console`;

/** Each page is a file of its own, fetched when somebody goes there. */
export const routes: Routes = [
  { path: '', pathMatch: 'full', redirectTo: 'profile' },
  {
    path: 'sign-in',
    title: title('Sign in'),
    loadComponent: async () => (await import('./pages/sign-in/sign-in')).SignIn,
  },
  {
    path: 'register',
    title: title('Register'),
    loadComponent: async () => (await import('./pages/register/register')).Register,
  },
  {
    path: 'profile',
    title: title('Profile'),
    canActivate: [signedIn],
    loadComponent: async () => (await import('./pages/profile/profile')).Profile,
  },
  {
    path: 'sessions',
    title: title('Sessions'),
    canActivate: [signedIn],
    loadComponent: async () => (await import('./pages/sessions/sessions')).Sessions,
  },
  {
    path: 'users',
    title: title('Users'),
    canActivate: [hasPermission('user:read')],
    loadComponent: async () => (await import('./pages/users/users')).Users,
  },
  {
    path: 'users/new',
    title: title('Create a user'),
    canActivate: [hasPermission('user:write')],
    loadComponent: async () => (await import('./pages/users/new-user')).NewUser,
  },
  {
    path: 'users/:id',
    title: title('User'),
    canActivate: [hasPermission('user:read')],
    loadComponent: async () => (await import('./pages/users/user')).User,
  },
  {
    path: 'roles',
    title: title('Roles'),
    canActivate: [hasPermission('role:read')],
    canDeactivate: [unlessUnsaved],
    loadComponent: async () => (await import('./pages/roles/roles')).Roles,
  },
  {
    path: 'permissions',
    title: title('Permissions'),
    canActivate: [hasPermission('role:read', 'schema:read')],
    loadComponent: async () => (await import('./pages/permissions/permissions')).Permissions,
  },
  {
    path: 'audit',
    title: title('Audit trail'),
    canActivate: [hasPermission('audit:read')],
    loadComponent: async () => (await import('./pages/audit/audit')).Audit,
  },
  {
    path: 'graphiql',
    title: title('GraphiQL'),
    canActivate: [signedIn],
    loadComponent: async () => (await import('./pages/graphiql/graphiql')).Graphiql,
  },
  {
    path: 'forbidden',
    title: title('Not for you'),
    loadComponent: async () => (await import('./pages/forbidden')).Forbidden,
  },
  {
    path: '**',
    title: title('Not found'),
    loadComponent: async () => (await import('./pages/not-found')).NotFound,
  },
];

import type { Permission, Role } from './permissions';

declare module '@graph-api/angular' {
  interface Register {
    permission: Permission;
    role: Role;
  }
}

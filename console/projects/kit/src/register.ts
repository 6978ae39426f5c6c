/**
 * Tells the kit which roles and permissions there are, so that a misspelt one does not compile:
 *
 * ```ts
 * import type { Permission, Role } from './permissions'; // graph-api schema export --typescript
 * declare module '@graph-api/angular' {
 *   interface Register { permission: Permission; role: Role }
 * }
 * ```
 */
export interface Register {}

/** A permission that the server declares; any string until it is registered. */
export type Permission = Register extends { permission: infer Known extends string } ? Known : string;

/** A role that the server declares; any string until it is registered. */
export type Role = Register extends { role: infer Known extends string } ? Known : string;

/** A role as the server has it. */
export interface Stored {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly permissions: readonly string[];
  readonly includes: readonly { readonly id: string }[];
}

/** A role as it will be. `holds` has the permissions, and the ids of the roles that it includes. */
export interface Draft {
  readonly id: string;
  readonly name: string;
  readonly holds: ReadonlySet<string>;
}

/** One box of the matrix. */
export function box(roleId: string, held: string): string {
  return `${roleId} ${held}`;
}

/** What somebody wants of boxes: only those stand here that differ from what is stored. */
export type Wanted = ReadonlyMap<string, boolean>;

/** The wishes that are still to be fulfilled. */
export function unfulfilled(stored: readonly Stored[], wanted: Wanted): Wanted {
  const now = drafts(stored, new Map());
  const differs = ([name, isWanted]: readonly [string, boolean]) => {
    const [roleId = '', held = ''] = name.split(' ');
    return now.has(roleId) && now.get(roleId)!.holds.has(held) !== isWanted;
  };
  return new Map([...wanted].filter(differs));
}

/** The roles with what is wanted of them. */
export function drafts(stored: readonly Stored[], wanted: Wanted): Map<string, Draft> {
  const everything = [...permissionsOf(stored), ...stored.map(({ id }) => id)];
  return new Map(
    stored.map(({ id, name, permissions, includes }) => {
      const held = new Set([...permissions, ...includes.map((each) => each.id)]);
      const holds = everything.filter((each) => wanted.get(box(id, each)) ?? held.has(each));
      return [id, { id, name, holds: new Set(holds) }];
    }),
  );
}

/** All permissions that there are: those of `admin`, who has every one. */
export function permissionsOf(stored: readonly Stored[]): string[] {
  return [...new Set(stored.flatMap(({ permissions }) => permissions))].sort();
}

/** The name of an included role that grants a permission, also through another; null if none does. */
export function through(roles: ReadonlyMap<string, Draft>, roleId: string, permission: string): string | null {
  const seen = new Set([roleId]);
  for (const id of seen) {
    const role = roles.get(id);
    if (id !== roleId && role?.holds.has(permission)) return role.name;
    for (const held of role?.holds ?? []) if (roles.has(held)) seen.add(held);
  }
  return null;
}

import type { TypedDocument } from '@graph-api/angular';

/** A type as introspection tells it: the name is at the end of the lists and non-nulls. */
export interface TypeRef {
  readonly kind: string;
  readonly name: string | null;
  readonly ofType?: TypeRef | null;
}

export interface Field {
  readonly name: string;
  readonly description: string | null;
  readonly args: readonly { readonly name: string; readonly type: TypeRef }[];
  readonly type: TypeRef;
}

export interface Root {
  readonly name: string;
  readonly fields: readonly Field[];
}

interface Introspected {
  readonly __schema: { readonly queryType: Root; readonly mutationType: Root | null };
}

/** The root fields; those that the caller may not use are not there. */
export const ROOTS: TypedDocument<Introspected, Record<string, never>> = `
  query Roots { __schema { queryType { ...Root } mutationType { ...Root } } }
  fragment Root on __Type { name fields { name description args { name type { ...Ref } } type { ...Ref } } }
  fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
`;

/** As in the schema language: `users(first: Int): UserConnection`. */
export function signature({ name, args, type }: Field): string {
  const given = args.map((each) => `${each.name}: ${written(each.type)}`).join(', ');
  return `${name}${given && `(${given})`}: ${written(type)}`;
}

function written({ kind, name, ofType }: TypeRef): string {
  if (kind === 'NON_NULL') return `${written(ofType!)}!`;
  return kind === 'LIST' ? `[${written(ofType!)}]` : (name ?? '');
}

import { fetchQuery, type ConcreteRequest, type GraphQLTaggedNode } from "relay-runtime";
import { drive } from "./drive";
import { environment } from "./relay";

drive(async (number) => {
  const data: any = await fetchQuery(environment, compiled(number), {}).toPromise();
  return data?.me?.email;
});

// What relay-compiler writes for `query Me { me { email id } }`.
function compiled(number: number): GraphQLTaggedNode {
  const scalar = (name: string) => ({ alias: null, args: null, kind: "ScalarField", name, storageKey: null });
  const me = (...names: string[]) => [
    {
      alias: null,
      args: null,
      concreteType: "User",
      kind: "LinkedField",
      name: "me",
      plural: false,
      selections: names.map(scalar),
      storageKey: null,
    },
  ];
  const name = `Me${number}`;
  const common = { argumentDefinitions: [], name };
  return {
    kind: "Request",
    fragment: { ...common, kind: "Fragment", metadata: null, selections: me("email"), type: "Query", abstractKey: null },
    operation: { ...common, kind: "Operation", selections: me("email", "id") },
    params: { cacheID: name, id: null, metadata: {}, name, operationKind: "query", text: `query ${name} { me { email id } }` },
  } as unknown as ConcreteRequest;
}

import { hasPermission, hasRole, type GraphQLClient } from '@graph-api/angular';
import { graphql } from './graphql';

// What the compiler must refuse: each line below would compile without the server's own types.

// @ts-expect-error a permission that the server does not declare
hasPermission('user:reed');
// @ts-expect-error a role that it does not declare
hasRole('administrator');

const ME = graphql(`query Me { me { name } }`);
const USER = graphql(`query User($id: ID!) { user(id: $id) { name } }`);

export async function refused(client: GraphQLClient): Promise<void> {
  // @ts-expect-error a field that was not asked for
  (await client.request(ME)).me?.email;
  // @ts-expect-error a variable that is missing
  await client.request(USER);
  // @ts-expect-error a variable of another type
  await client.request(USER, { id: {} });
}

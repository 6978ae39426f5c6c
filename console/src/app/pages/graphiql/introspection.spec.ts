import { signature } from './introspection';

const ID = { kind: 'SCALAR', name: 'ID' };
const IDS = { kind: 'NON_NULL', name: null, ofType: { kind: 'LIST', name: null, ofType: { kind: 'NON_NULL', name: null, ofType: ID } } };
const NODE = { kind: 'INTERFACE', name: 'Node' };

it('writes a field as the schema language does', () => {
  const nodes = { name: 'nodes', description: null, args: [{ name: 'ids', type: IDS }], type: NODE };
  expect(signature(nodes)).toBe('nodes(ids: [ID!]!): Node');
  expect(signature({ ...nodes, args: [] })).toBe('nodes: Node');
});

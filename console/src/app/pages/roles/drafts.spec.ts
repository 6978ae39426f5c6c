import { box, drafts, permissionsOf, through, unfulfilled, type Stored } from './drafts';

function role(id: string, permissions: string[], includes: string[] = []): Stored {
  return { id, name: `${id}-name`, description: null, permissions, includes: includes.map((each) => ({ id: each })) };
}

const STORED = [role('a', ['x:read', 'x:write']), role('b', ['x:read'], ['c']), role('c', [], ['a'])];

it('lists each permission once, sorted', () => {
  expect(permissionsOf(STORED)).toEqual(['x:read', 'x:write']);
});

it('holds what is stored but for what is wanted otherwise', () => {
  const wanted = new Map([[box('b', 'x:read'), false], [box('b', 'x:write'), true], [box('b', 'c'), false]]);
  expect([...drafts(STORED, wanted).get('b')!.holds]).toEqual(['x:write']);
  expect([...drafts(STORED, wanted).get('c')!.holds]).toEqual(['a']);
});

it('forgets wishes that are fulfilled, and those about roles that are gone', () => {
  const wanted = new Map([[box('b', 'x:read'), true], [box('b', 'x:write'), true], [box('gone', 'x:read'), true]]);
  expect([...unfulfilled(STORED, wanted).keys()]).toEqual([box('b', 'x:write')]);
});

it('finds what is granted through roles within roles', () => {
  const roles = drafts(STORED, new Map());
  expect(through(roles, 'b', 'x:write')).toBe('a-name');
  expect(through(roles, 'a', 'x:write')).toBeNull();
});

it('follows what is wanted, not what is', () => {
  const roles = drafts(STORED, new Map([[box('c', 'a'), false]]));
  expect(through(roles, 'b', 'x:write')).toBeNull();
});

it('ends where roles include each other', () => {
  const roles = drafts(STORED, new Map([[box('a', 'b'), true]]));
  expect(through(roles, 'a', 'y:read')).toBeNull();
});

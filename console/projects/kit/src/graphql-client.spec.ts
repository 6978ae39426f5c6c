import { TestBed } from '@angular/core/testing';
import { GraphApiError } from './errors';
import { GraphQLClient } from './graphql-client';
import { World, refusal } from './testing/world';

const DOCUMENT = 'query Me { me { id } }' as const;

async function answered(world: World, flush: (request: any) => void): Promise<unknown> {
  const result = TestBed.inject(GraphQLClient).request(DOCUMENT).catch((error) => error);
  await world.pass();
  flush(world.waiting()[0]!);
  return result;
}

let world: World;
beforeEach(async () => {
  world = new World();
  await world.startAnonymous();
});

it('answers the data', async () => {
  expect(await answered(world, (it) => it.flush({ data: { me: null } }))).toEqual({ me: null });
});

it('throws the first error, with what to do', async () => {
  const fields = [{ path: ['input', 'email'], message: 'is no address' }];
  const body = { data: { x: null }, errors: [{ message: 'No.', extensions: { code: 'BAD_USER_INPUT', fields } }] };
  const error = await answered(world, (it) => it.flush(body));
  expect(error).toBeInstanceOf(GraphApiError);
  expect(error).toMatchObject({ code: 'BAD_USER_INPUT', message: 'No.', fields });
});

it('reads errors from the body of an error’s status', async () => {
  const error = await answered(world, (it) => it.flush(refusal('FORBIDDEN'), { status: 403, statusText: '' }));
  expect(error).toMatchObject({ code: 'FORBIDDEN' });
});

it('says that the server can’t be reached', async () => {
  const error = await answered(world, (it) => it.error(new ProgressEvent('error')));
  expect(error).toMatchObject({ code: 'UNREACHABLE' });
});

it('ends the request when it is told to', async () => {
  const stop = new AbortController();
  const result = TestBed.inject(GraphQLClient).request(DOCUMENT, {}, { signal: stop.signal });
  const settled = result.catch((error) => error.code);
  await world.pass();
  const { cancelled } = world.waiting()[0]!;
  stop.abort();
  expect([cancelled, await settled]).toEqual([false, 'UNREACHABLE']);
});

import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { HasPermission } from './has-permission';
import { World, auth } from './testing/world';

@Component({
  imports: [HasPermission],
  template: `
    <b *hasPermission="'user:write'; else readOnly">write</b>
    <ng-template #readOnly>read</ng-template>
    <i *hasPermission="['user:write', 'role:write']">both</i>
  `,
})
class Page {}

it('shows an element to those who have all the permissions, as soon as they do', async () => {
  const world = new World();
  await world.startSignedIn();
  const page = TestBed.createComponent(Page);
  const text = async () => {
    await world.pass();
    return page.nativeElement.textContent.trim().replace(/\s+/g, ' ');
  };
  expect(await text()).toBe('read');
  world.session.adopt(auth({ scope: 'user:write' }));
  expect(await text()).toBe('write');
  world.session.adopt(auth({ scope: 'user:write role:write' }));
  expect(await text()).toBe('writeboth');
  void world.session.signOut();
  expect(await text()).toBe('read');
});

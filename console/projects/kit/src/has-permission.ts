import { Directive, TemplateRef, ViewContainerRef, computed, effect, inject, input } from '@angular/core';
import type { Permission } from './register';
import { Session } from './session';

/**
 * Shows an element to those who have a permission, or all of several:
 *
 * ```html
 * <button *hasPermission="'user:write'; else readOnly">Disable</button>
 * ```
 */
@Directive({ selector: '[hasPermission]' })
export class HasPermission {
  readonly hasPermission = input.required<Permission | readonly Permission[]>();
  readonly hasPermissionElse = input<TemplateRef<unknown>>();

  constructor() {
    const session = inject(Session);
    const template = inject<TemplateRef<unknown>>(TemplateRef);
    const container = inject(ViewContainerRef);
    const shown = computed(() => {
      const needed = [this.hasPermission()].flat() as Permission[];
      return session.hasPermission(...needed) ? template : this.hasPermissionElse();
    });
    effect(() => {
      const now = shown();
      container.clear();
      if (now) container.createEmbeddedView(now);
    });
  }
}

import type { GraphApiAuthOptions } from './options';

type Allowance = Required<Pick<GraphApiAuthOptions, 'allowedDomains' | 'disallowedRoutes'>>;

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Whether a request may carry the access token: to an allowed host, not to a disallowed route, and
 * over HTTPS, but for this very machine.
 *
 * @param url of the request, absolute or relative to the page.
 * @param page the page's own URL.
 */
export function mayCarryToken(url: string, page: string, allowed: Allowance): boolean {
  if (!URL.canParse(url, page)) return false;
  const target = new URL(url, page);
  return (
    isPrivate(target) &&
    allowed.allowedDomains.some((domain) => matches(domain, target.host)) &&
    !allowed.disallowedRoutes.some((route) => isRoute(route, target, page))
  );
}

function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

function matches(domain: string | RegExp, host: string): boolean {
  return typeof domain === 'string' ? domain === host : domain.test(host);
}

function isRoute(route: string | RegExp, target: URL, page: string): boolean {
  if (typeof route !== 'string') return route.test(target.href);
  const { origin, pathname } = new URL(route, page);
  return origin === target.origin && pathname === target.pathname;
}

/** Resource identifiers: RFC 8707 section 2, RFC 9728 section 3.3. */
import { removeTrailingSlash } from './trailing-slash.js';
import { isUnambiguousPath } from './unambiguous-path.js';

/** Scheme, host and optional port as every program reads them: no user information, no backslash, nothing encoded. */
const authority = /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?$/i;
/** Characters that the URL parser removes or changes, so that another program may read a different address. */
const changedCharacters = /[\0-\x20\x7f\\#]/;
/** Dot segments, which the URL parser resolves. */
const dotSegments = /\/(\.|%2e){1,2}(\/|$)/i;

/**
 * Whether a resource identifier is for the server's URL: it is the URL itself, or a path above it on the same origin. An identifier
 * that another program could read differently is for none: with user information, a fragment, a backslash, or dot segments.
 */
export function isResourceFor(resource: string, serverUrl: URL): boolean {
  if (resource === serverUrl.href) return true;
  const origin = /^[^:/?#]+:\/\/[^/?#]*/.exec(resource)?.[0] ?? '';
  const rest = resource.slice(origin.length);
  if (!authority.test(origin) || changedCharacters.test(rest) || !URL.canParse(resource)) return false;
  const url = new URL(resource);
  const isSamePath = url.pathname === serverUrl.pathname;
  if (dotSegments.test(rest.replace(/\?.*$/s, '')) || !(isSamePath || isUnambiguousPath(url.pathname))) return false;
  if (url.origin !== serverUrl.origin || (url.search !== '' && url.search !== serverUrl.search)) return false;
  return isAbove(url.pathname, serverUrl.pathname);
}

/** Whether a resource that is for the server's URL is a path above it. Only the origin itself may name such a resource. */
export function isParentResource(resource: string, serverUrl: URL): boolean {
  return removeTrailingSlash(new URL(resource).pathname) !== removeTrailingSlash(serverUrl.pathname);
}

/**
 * Whether two resource identifiers, both URLs, are the same once the URL parser has written both, except for one slash at the end.
 * Authorization servers repeat a resource in the parsed form or in the sent one. Not for accepting metadata: RFC 9728 section 3.3
 * requires an identical resource there, and `isResourceFor` says what is accepted.
 */
export function isSameResource(one: string, other: string): boolean {
  return removeTrailingSlash(new URL(one).href) === removeTrailingSlash(new URL(other).href);
}

function isAbove(path: string, below: string): boolean {
  return `${below}/`.startsWith(path.endsWith('/') ? path : `${path}/`);
}

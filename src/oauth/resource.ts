/** Resource identifiers: RFC 8707 section 2, RFC 9728 section 3.3. */
import { isUnambiguousPath } from './unambiguous-path.js';

/** A host, with a port or without, as every program reads it: no user information, no backslash, nothing encoded. */
const authority = /^https?:\/\/([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?$/i;
/** What the parser of URLs takes out or changes, so that the text means another address elsewhere. */
const changed = /[\0-\x20\x7f\\#]/;
/** Steps, which the parser takes out. */
const steps = /\/(\.|%2e){1,2}(\/|$)/i;

/**
 * Whether a resource identifier names the server's URL itself or a path above it on the same origin. One that another program could
 * read in another way names nothing: with user information, a fragment, a backslash, or a path with steps in it.
 */
export function isResourceFor(resource: string, serverUrl: URL): boolean {
  if (resource === serverUrl.href) return true;
  const origin = /^[^:/?#]+:\/\/[^/?#]*/.exec(resource)?.[0] ?? '';
  const rest = resource.slice(origin.length);
  if (!authority.test(origin) || changed.test(rest) || !URL.canParse(resource)) return false;
  const url = new URL(resource);
  const isSamePath = url.pathname === serverUrl.pathname;
  if (steps.test(rest.replace(/\?.*$/s, '')) || !(isSamePath || isUnambiguousPath(url.pathname))) return false;
  if (url.origin !== serverUrl.origin || (url.search !== '' && url.search !== serverUrl.search)) return false;
  return isAbove(url.pathname, serverUrl.pathname);
}

/** Whether a resource that covers the server's URL is more than it: a path above, for which the whole origin has to speak. */
export function isParentResource(resource: string, serverUrl: URL): boolean {
  const bare = (path: string) => path.replace(/\/$/, '');
  return bare(new URL(resource).pathname) !== bare(serverUrl.pathname);
}

function isAbove(path: string, below: string): boolean {
  return `${below}/`.startsWith(path.endsWith('/') ? path : `${path}/`);
}

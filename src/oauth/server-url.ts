/** Where a login may be used: at the URL of its MCP server and next to it, and nowhere else. */
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { removeTrailingSlash } from './trailing-slash.js';
import { isUnambiguousPath } from './unambiguous-path.js';

/**
 * Check that a URL belongs to the MCP server that the login is for: on its origin, at its URL or next to it, as `/messages` is next
 * to `/sse`. Other paths of the host may belong to others.
 *
 * @param target the URL of the MCP server.
 * @param what names `url` in the error.
 * @throws AuthError `url_refused`.
 */
export function checkBelongsToServer(url: URL, { target, what }: { target: URL; what: string }): void {
  if (belongsToServer(url, target)) return;
  throw new AuthError('url_refused', `${what}, ${quote(redactUrl(url))}, is not part of ${redactUrl(target)}, which the login is for.`);
}

function belongsToServer({ origin, pathname }: URL, target: URL): boolean {
  if (origin !== target.origin) return false;
  if (pathname === target.pathname) return true;
  const folder = target.pathname.slice(0, target.pathname.lastIndexOf('/') + 1);
  // Only the part below the folder is checked: the folder is part of the URL that the user gave.
  return pathname.startsWith(folder) && isUnambiguousPath(`/${pathname.slice(folder.length)}`);
}

/** A response that may be a redirect. */
interface RedirectResponse {
  readonly status: number;
  readonly location: string | null | undefined;
}

/** Redirect statuses that keep method and body, and those that may change them (RFC 9110 section 15.4). */
const keepingStatuses = new Set([307, 308]);
const changingStatuses = new Set([301, 302, 303]);

/** Redirects of one MCP request that are followed. */
export const maxServerRedirects = 3;

/** Whether a response is a redirect. */
export function isRedirect({ status, location }: RedirectResponse): boolean {
  return (keepingStatuses.has(status) || changingStatuses.has(status)) && typeof location === 'string';
}

/**
 * Where to send a message again, with the login, after a redirect from `from`: the same URL with or without a slash at the end, or,
 * if the redirect keeps the method, a URL next to it. Undefined for any other target, for example a login page or another host.
 */
export function findRedirectTarget({ status, location }: RedirectResponse, from: URL): URL | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  // A server behind a proxy that terminates TLS redirects to its own address as plain http.
  if (to.host === from.host) to.protocol = from.protocol;
  to.hash = '';
  if (to.origin !== from.origin || to.username !== '' || to.href === from.href) return undefined;
  const isKeeping = keepingStatuses.has(status);
  if (isSameAddress(to, from)) return isKeeping || changingStatuses.has(status) ? withSearch(to, from) : undefined;
  return isKeeping && belongsToServer(to, from) ? to : undefined;
}

/** The same path, except for a slash at the end, with the same query or without one. */
function isSameAddress(to: URL, from: URL): boolean {
  const isSamePath = removeTrailingSlash(to.pathname) === removeTrailingSlash(from.pathname);
  return isSamePath && (to.search === from.search || to.search === '');
}

/** Some servers omit the query when they redirect. */
function withSearch(to: URL, { search }: URL): URL {
  to.search = search;
  return to;
}

/** A redirect to a URL that the login may not be used at. Retrying does not help. */
export class ForeignRedirectError extends AuthError {}

export function createForeignRedirectError(location: string, from: URL): ForeignRedirectError {
  const target = URL.canParse(location, from.href) ? new URL(location, from).href : location;
  return new ForeignRedirectError(
    'server_failed',
    `${from.host} redirects to ${quote(redactUrl(target))}, but the login is only for ${redactUrl(from)}. The redirect was not followed.`,
    {
      hint: 'If the server has moved there, log in to it: mcp-auth login URL',
    },
  );
}

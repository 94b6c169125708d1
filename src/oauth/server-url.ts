/** Where a login may be used: at its server's URL and beside it, and nowhere else. */
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { isUnambiguousPath } from './unambiguous-path.js';

/**
 * Sees to it that a login is used for its server alone: on its origin, at its URL or beside it, as `/messages` is beside
 * `/sse`. A host may have other people's servers at other paths.
 *
 * @throws AuthError `url_refused`.
 */
export function checkBelongsToServer(url: URL, { target, what }: { target: URL; what: string }): void {
  if (isBeside(url, target)) return;
  throw new AuthError('url_refused', `${what}, ${quote(redactUrl(url))}, is not a part of ${redactUrl(target)}, which the login is for.`);
}

function isBeside({ origin, pathname }: URL, target: URL): boolean {
  if (origin !== target.origin) return false;
  if (pathname === target.pathname) return true;
  const folder = target.pathname.slice(0, target.pathname.lastIndexOf('/') + 1);
  // What is in the server's own URL, it may have.
  return pathname.startsWith(folder) && isUnambiguousPath(`/${pathname.slice(folder.length)}`);
}

/** An answer that may be a redirect. */
interface Redirect {
  readonly status: number;
  readonly location: string | null | undefined;
}

/** Statuses of a redirect that keeps method and body (RFC 9110 section 15.4), and of one that need not. */
const keeping = new Set([307, 308]);
const changing = new Set([301, 302, 303]);

/** How often a server may send us on. */
export const maxServerRedirects = 3;

/** Whether an answer sends us elsewhere. */
export function isRedirect({ status, location }: Redirect): boolean {
  return (keeping.has(status) || changing.has(status)) && typeof location === 'string';
}

/**
 * Where an MCP server has moved to, so that the same message may be sent there with the login: to itself with or without a slash
 * at the end, or, by a redirect that keeps the method, to a place beside it. Undefined for everything else, as a page where
 * people log in, or another host.
 */
export function findRedirectTarget({ status, location }: Redirect, from: URL): URL | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  // Behind a proxy that does TLS for it, a server gives its own address as plain http.
  if (to.host === from.host) to.protocol = from.protocol;
  to.hash = '';
  if (to.origin !== from.origin || to.username !== '' || to.href === from.href) return undefined;
  const isSame = bare(to.pathname) === bare(from.pathname) && (to.search === from.search || to.search === '');
  if (isSame) return keeping.has(status) || changing.has(status) ? withSearch(to, from) : undefined;
  return keeping.has(status) && isBeside(to, from) ? to : undefined;
}

/** Some servers forget the query of what they redirect. */
function withSearch(to: URL, { search }: URL): URL {
  to.search = search;
  return to;
}

function bare(path: string): string {
  return path.replace(/\/$/, '');
}

/** A server that sends us to where no login goes, which it will do the next time, too. */
export class ForeignRedirectError extends AuthError {}

/** What such a server is told as. */
export function createForeignRedirectError(location: string, from: URL): ForeignRedirectError {
  const there = URL.canParse(location, from.href) ? new URL(location, from).href : location;
  return new ForeignRedirectError(
    'server_failed',
    `${from.host} redirects to ${quote(redactUrl(there))}, and the login is for ${redactUrl(from)} alone: nothing was sent there.`,
    {
      hint: 'If that is where the server is now, log in to it: mcp-auth login URL',
    },
  );
}

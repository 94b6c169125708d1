/** Which browser may act for a session: one that has opened its page, from pages of this relay only. */
import { randomBytes } from 'node:crypto';
import { hashText } from '../relay-protocol/session-id.js';
import { limits } from './limits.js';
import type { PublicUrl } from './public-url.js';

type Security = Pick<PublicUrl, 'isSecure'>;

const valuePattern = /^[\w-]{22}$/;

/**
 * The `Set-Cookie` lines that let a browser act for a session. Its cookie is random, so that the browser which brings the response
 * can be told from every other one that knows the address of the session. A browser that has one keeps it.
 *
 * @param lifetime in milliseconds.
 */
export function createCookies(request: Request, id: string, { lifetime, isSecure }: Security & { lifetime: number }): string[] {
  const cookies = readCookies(request, isSecure);
  const value = cookies.get(id) ?? randomBytes(16).toString('base64url');
  const age = Math.max(1, Math.ceil(lifetime / 1000));
  // Other sites can make a browser open many pages, and a request with too many cookies is refused. Browsers send the oldest first.
  const others = [...cookies.keys()].filter((other) => other !== id);
  const surplus = others.slice(0, Math.max(0, others.length + 1 - limits.cookies));
  return [formatCookie(id, value, { age, isSecure }), ...surplus.map((other) => formatCookie(other, '', { age: 0, isSecure }))];
}

/** What names a browser in a session: the hash of its cookie. Undefined if it has not opened the page of this session. */
export async function nameBrowser(request: Request, id: string, { isSecure }: Security): Promise<string | undefined> {
  const value = readCookies(request, isSecure).get(id);
  return value === undefined ? undefined : hashText(`browser ${value}`);
}

/** By the session's ID. */
function readCookies({ headers }: Request, isSecure: boolean): ReadonlyMap<string, string> {
  const start = namePrefix(isSecure);
  const found = (headers.get('cookie') ?? '').split(';').flatMap((one): [string, string][] => {
    const [name = '', value = ''] = one.trim().split('=', 2);
    return name.startsWith(start) && valuePattern.test(value) ? [[name.slice(start.length), value]] : [];
  });
  return new Map(found);
}

function formatCookie(id: string, value: string, { age, isSecure }: Security & { age: number }): string {
  const attributes = ['HttpOnly', 'SameSite=Lax', 'Path=/', `Max-Age=${age}`, ...(isSecure ? ['Secure'] : [])];
  return [`${namePrefix(isSecure)}${id}=${value}`, ...attributes].join('; ');
}

/** `__Host-` binds it to this host and to https (RFC 6265bis section 4.1.3.2). */
function namePrefix(isSecure: boolean): string {
  return `${isSecure ? '__Host-' : ''}mcp-auth-`;
}

/** Whether a page of this relay sent the request. Older browsers have only one of the two headers. */
export function isSameOrigin({ headers }: Request, { origin }: Pick<PublicUrl, 'origin'>): boolean {
  const site = headers.get('sec-fetch-site');
  const from = headers.get('origin');
  return (site ?? 'same-origin') === 'same-origin' && (from ?? origin) === origin && (site ?? from) !== null;
}

/** Which browser may act for a session: one that has opened its page, from pages of this relay only. */
import type { PublicUrl } from './public-url.js';

/** Only its presence counts. No other site can set a cookie of this name, and a browser does not send it with a request of one. */
const cookieValue = '1';

/** @param lifetime in milliseconds. */
export function createCookie(id: string, { lifetime, isSecure }: Pick<PublicUrl, 'isSecure'> & { lifetime: number }): string {
  const age = Math.max(1, Math.ceil(lifetime / 1000));
  return [
    `${nameCookie(id, isSecure)}=${cookieValue}`,
    'HttpOnly',
    'SameSite=Lax',
    'Path=/',
    `Max-Age=${age}`,
    ...(isSecure ? ['Secure'] : []),
  ].join('; ');
}

/** Whether the browser has opened the page of this session. */
export function hasCookie({ headers }: Request, id: string, { isSecure }: Pick<PublicUrl, 'isSecure'>): boolean {
  const wanted = `${nameCookie(id, isSecure)}=${cookieValue}`;
  return (headers.get('cookie') ?? '').split(';').some((one) => one.trim() === wanted);
}

/** The prefix binds it to this host and to https (RFC 6265bis section 4.1.3.2). */
function nameCookie(id: string, isSecure: boolean): string {
  return `${isSecure ? '__Host-' : ''}mcp-auth-${id}`;
}

/** Whether a page of this relay sent the request. Older browsers have only one of the two headers. */
export function isSameOrigin({ headers }: Request, { origin }: Pick<PublicUrl, 'origin'>): boolean {
  const site = headers.get('sec-fetch-site');
  const from = headers.get('origin');
  return (site ?? 'same-origin') === 'same-origin' && (from ?? origin) === origin && (site ?? from) !== null;
}

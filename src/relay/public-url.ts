/** The address under which browsers and terminals reach a relay. */
import { AuthError } from '../errors.js';
import { isLoopbackUrl, parseSafeUrl } from '../http/url-policy.js';

export interface PublicUrl {
  /** Without a slash at the end. All addresses start with it. */
  readonly origin: string;
  /** Whether it is https. Otherwise it is http on this machine, for development. */
  readonly isSecure: boolean;
}

/** @throws AuthError `usage` unless it is https, or http to this machine, without a path: cookies and redirects are of an origin. */
export function parsePublicUrl(text: string): PublicUrl {
  const url = parseSafeUrl(text, { what: 'The address in --public-url', code: 'usage' });
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new AuthError('usage', '--public-url takes an address without a path.', { hint: `For example: --public-url ${url.origin}` });
  }
  return { origin: url.origin, isSecure: !(url.protocol === 'http:' && isLoopbackUrl(url)) };
}

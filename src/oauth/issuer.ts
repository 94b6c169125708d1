/** Comparing issuers: RFC 8414 section 3.3. */
import { removeTrailingSlash } from './trailing-slash.js';

/**
 * Whether two issuers are the same: identical, except that one of them may have a slash at the end.
 *
 * RFC 8414 section 3.3 requires them to be identical. The slash is a lenience that gives nothing away: section 3.1 removes it
 * from the metadata address, so `https://a/b` and `https://a/b/` have their metadata at the same place and cannot be two
 * authorization servers. Servers often mix the two up.
 *
 * Not for `iss` in an authorization response: RFC 9207 section 2.4 requires a simple string comparison there, and both strings come
 * from the same authorization server.
 *
 * @param found from a document or a token, so it may be anything.
 */
export function isSameIssuer(found: unknown, expected: string): boolean {
  return typeof found === 'string' && removeTrailingSlash(found) === removeTrailingSlash(expected);
}

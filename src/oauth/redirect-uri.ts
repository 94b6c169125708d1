/** Redirect URIs in registration responses: RFC 7591 section 3.2.1, RFC 8252 section 7.3. */
import { isLoopbackUrl } from '../http/url-policy.js';
import { removeTrailingSlash } from './trailing-slash.js';

/**
 * The redirect URI to use, in the form that the server will compare with: the requested one if it was registered, or if the
 * response names none; otherwise a registered one that is equivalent. On this machine, `localhost` and the loopback addresses
 * are equivalent, and so is a URI without a port, which stands for any port (RFC 8252 section 7.3). A slash at the end
 * makes no difference.
 *
 * @returns undefined if only other URIs were registered.
 */
export function findRegisteredRedirectUri(requested: string, registered: readonly string[] | undefined): string | undefined {
  const uris = (registered ?? []).map((uri) => uri.trim()).filter((uri) => uri !== '');
  if (uris.length === 0 || uris.includes(requested)) return requested;
  const equivalent = uris.filter((uri) => isEquivalent(uri, requested));
  const { port } = new URL(requested);
  const best = equivalent.find((uri) => new URL(uri).port === port) ?? equivalent.find((uri) => new URL(uri).port === '') ?? equivalent[0];
  return best === undefined ? undefined : addPort(best, port);
}

function isEquivalent(registered: string, requested: string): boolean {
  if (!URL.canParse(registered)) return false;
  const [one, other] = [new URL(registered), new URL(requested)];
  const isSamePath = removeTrailingSlash(one.pathname) === removeTrailingSlash(other.pathname) && one.search === other.search;
  if (one.protocol !== other.protocol || !isSamePath) return false;
  return one.protocol === 'http:' ? isLoopbackUrl(one) && isLoopbackUrl(other) : one.host === other.host;
}

/** Add the port to a loopback URI without one. The rest of the text is unchanged, because the server compares the text. */
function addPort(uri: string, port: string): string {
  const url = new URL(uri);
  if (url.protocol !== 'http:' || url.port !== '' || port === '') return uri;
  return uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^/?#:]+)):?/i, `$1:${port}`);
}

/** Redirect URIs, as a registration answers with them: RFC 7591 section 3.2.1, RFC 8252 section 7.3. */
import { isLoopbackUrl } from '../http/url-policy.js';

/**
 * The redirect URI to use, in the spelling that the server will compare with: `wanted` itself where it was registered, or where
 * the answer names none; else the registered one that means the same: on this machine, whether it is called localhost or by an
 * address, with its port, or without one for any port (RFC 8252 section 7.3), with or without a slash at its end.
 *
 * @returns undefined where only others were registered.
 */
export function findRegisteredRedirectUri(wanted: string, registered: readonly string[] | undefined): string | undefined {
  const uris = (registered ?? []).map((uri) => uri.trim()).filter((uri) => uri !== '');
  if (uris.length === 0 || uris.includes(wanted)) return wanted;
  const same = uris.filter((uri) => meansTheSame(uri, wanted));
  const { port } = new URL(wanted);
  const best = same.find((uri) => new URL(uri).port === port) ?? same.find((uri) => new URL(uri).port === '') ?? same[0];
  return best === undefined ? undefined : withPort(best, port);
}

function meansTheSame(uri: string, wanted: string): boolean {
  if (!URL.canParse(uri)) return false;
  const [one, other] = [new URL(uri), new URL(wanted)];
  const isSamePath = bare(one.pathname) === bare(other.pathname) && one.search === other.search;
  if (one.protocol !== other.protocol || !isSamePath) return false;
  return one.protocol === 'http:' ? isLoopbackUrl(one) && isLoopbackUrl(other) : one.host === other.host;
}

function bare(path: string): string {
  return path.replace(/\/$/, '');
}

/** A URI on this machine that names no port, with one: to the letter otherwise. */
function withPort(uri: string, port: string): string {
  const url = new URL(uri);
  if (url.protocol !== 'http:' || url.port !== '' || port === '') return uri;
  return uri.replace(/^(http:\/\/(?:\[[^\]]*\]|[^/?#:]+)):?/i, `$1:${port}`);
}

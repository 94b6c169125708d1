/** Protected-resource metadata: RFC 9728, as MCP authorization 2025-11-25 uses it. */
import type { Effects, Network } from '../effects.js';
import { AuthError } from '../errors.js';
import { parseAllowedUrl } from '../http/url-policy.js';
import { isObject } from '../text/json.js';
import { quote, redactUrl } from '../text/server-text.js';
import { requestFirstMetadata } from './metadata-document.js';
import { isUnambiguousPath } from './unambiguous-path.js';
import { isResourceFor, isParentResource } from './resource.js';

/** RFC 9728 section 2, the parts that a client uses. */
export interface ProtectedResource {
  /** The resource identifier, to be sent as RFC 8707 `resource` exactly as it stands. */
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[];
  /** RFC 9449: nothing but a token that is bound to a key will do. */
  readonly dpop_bound_access_tokens_required?: boolean;
}

export interface ProtectedResourceRequest {
  readonly serverUrl: URL;
  /** Where the server's challenge points. */
  readonly challenged?: string | undefined;
  /** A resource that the metadata may name in place of the server's URL, because a person said so. */
  readonly trusted?: string | undefined;
}

/**
 * Asks for the metadata of the MCP server at `serverUrl`: where its challenge points, then the well-known address with
 * the server's path, then the one of its origin (RFC 9728 section 3.1). Undefined when none of them has any.
 *
 * @throws AuthError `resource_mismatch` when the metadata is another resource's (section 3.3).
 */
export async function requestProtectedResource(
  { serverUrl, challenged, trusted }: ProtectedResourceRequest,
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<ProtectedResource | undefined> {
  const addresses = wellKnownAddresses(serverUrl);
  if (challenged !== undefined) addresses.unshift(challengedAddress(challenged, { serverUrl, reach: context.http.allowedNetwork }));
  return requestFirstMetadata(addresses, context, (document, address) => {
    // Servers that answer every address with some JSON of theirs have no metadata there.
    const isMetadata = document['resource'] !== undefined || document['authorization_servers'] !== undefined;
    return isMetadata ? parseProtectedResource(document, { serverUrl, trusted, address }) : undefined;
  });
}

/**
 * Where a challenge points. Servers give a path alone, and those behind a proxy that does TLS for them give their own
 * address as plain http: both mean the server that was asked.
 */
function challengedAddress(challenged: string, { serverUrl, reach }: { serverUrl: URL; reach: Network }): URL {
  const what = 'The protected-resource metadata that the server points at';
  const address = URL.canParse(challenged, serverUrl.href) ? new URL(challenged, serverUrl) : undefined;
  if (address?.host === serverUrl.host) address.protocol = serverUrl.protocol;
  return parseAllowedUrl(address?.href ?? challenged, { what, reach });
}

/** Checks one document; pure. See `requestProtectedResource` for what it throws. */
function parseProtectedResource(
  document: Record<string, unknown>,
  { serverUrl, trusted, address }: ProtectedResourceRequest & { address: URL },
): ProtectedResource {
  const { resource, authorization_servers: authorizationServers, scopes_supported: scopes } = document;
  if (typeof resource !== 'string' || !(isOf(resource, { serverUrl, address }) || resource === trusted)) {
    throw new AuthError(
      'resource_mismatch',
      `The metadata at ${quote(redactUrl(address))} is for the resource ${quote(resource)}, not for ${redactUrl(serverUrl)}.`,
      {
        hint: 'Tokens for another resource would be of no use here. Check the server’s URL. If you know that it goes by that name, pass --trust-resource URL with it.',
      },
    );
  }
  return {
    resource,
    authorization_servers: issuersOf(authorizationServers),
    ...(Array.isArray(scopes) && { scopes_supported: stringsOf(scopes) }),
    ...(document['dpop_bound_access_tokens_required'] === true && { dpop_bound_access_tokens_required: true }),
  };
}

/**
 * Whether metadata at that address may be for that resource: the server's URL, or one above it where the origin itself says so, at
 * its well-known address. A host may have other people's servers at other paths, and a token for the host is good at all of them.
 */
function isOf(resource: string, { serverUrl, address }: { serverUrl: URL; address: URL }): boolean {
  if (!isResourceFor(resource, serverUrl)) return false;
  // Servers and proxies that decode `..%2f` would have it answered by whoever has another path.
  const isWellKnown = `${address.pathname}/`.startsWith(`${wellKnown}/`) && isUnambiguousPath(address.pathname);
  const isFromOrigin = address.origin === serverUrl.origin && isWellKnown;
  return isFromOrigin || !isParentResource(resource, serverUrl);
}

const wellKnown = '/.well-known/oauth-protected-resource';

/** RFC 9728 section 3.1: path inserted, then the origin's; then, as some servers have it, path appended. */
function wellKnownAddresses({ origin, pathname, search }: URL): URL[] {
  const root = new URL(wellKnown, origin);
  const path = pathname.replace(/\/$/, '');
  return path === '' ? [root] : [new URL(`${root.pathname}${path}${search}`, origin), root, new URL(`${path}${root.pathname}`, origin)];
}

/** Servers write one issuer as text, and issuers as objects. */
function issuersOf(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return stringsOf(all.map((one) => (isObject(one) ? one['issuer'] : one)))
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Protected-resource metadata: RFC 9728, as MCP authorization 2025-11-25 uses it. */
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import type { Network } from '../effects.js';
import { parseAllowedUrl } from '../http/url-policy.js';
import { isObject } from '../text/json.js';
import { quote, redactUrl } from '../text/server-text.js';
import { requestFirstMetadata } from './metadata-document.js';
import { isParentResource, isResourceFor } from './resource.js';
import { removeTrailingSlash } from './trailing-slash.js';
import { isUnambiguousPath } from './unambiguous-path.js';

/** The members of RFC 9728 section 2 that a client uses. */
export interface ProtectedResource {
  /** The resource identifier, to be sent as RFC 8707 `resource` unchanged. */
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[];
  /** Whether the server accepts only DPoP-bound tokens (RFC 9449). */
  readonly dpop_bound_access_tokens_required?: boolean;
}

export interface ProtectedResourceRequest {
  readonly serverUrl: URL;
  /** The metadata URL in the server's challenge. */
  readonly challenged?: string | undefined;
  /** A resource that the user allows the metadata to name instead of the server's URL. */
  readonly trusted?: string | undefined;
}

/**
 * Request the metadata of the MCP server at `serverUrl`: from the URL in its challenge, then from the well-known address with the
 * server's path, then from the one of its origin (RFC 9728 section 3.1). Undefined if none of them has any.
 *
 * @throws AuthError `resource_mismatch` if the metadata is for another resource (section 3.3).
 */
export async function requestProtectedResource(
  { serverUrl, challenged, trusted }: ProtectedResourceRequest,
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<ProtectedResource | undefined> {
  const addresses = listWellKnownAddresses(serverUrl);
  if (challenged !== undefined)
    addresses.unshift(parseChallengedUrl(challenged, { serverUrl, allowedNetwork: context.http.allowedNetwork }));
  return requestFirstMetadata(addresses, context, (document, address) => {
    // Some servers answer every address with some JSON. That is not metadata.
    const isMetadata = document['resource'] !== undefined || document['authorization_servers'] !== undefined;
    return isMetadata ? parseProtectedResource(document, { serverUrl, trusted, address }) : undefined;
  });
}

/**
 * The metadata URL in a challenge. Some servers send only a path; servers behind a proxy that terminates TLS send their own
 * address as plain http. Both mean the server itself.
 */
function parseChallengedUrl(challenged: string, { serverUrl, allowedNetwork }: { serverUrl: URL; allowedNetwork: Network }): URL {
  const what = 'The protected-resource metadata URL of the server';
  const address = URL.canParse(challenged, serverUrl.href) ? new URL(challenged, serverUrl) : undefined;
  if (address?.host === serverUrl.host) address.protocol = serverUrl.protocol;
  return parseAllowedUrl(address?.href ?? challenged, { what, allowedNetwork });
}

/** Check one document, without any network access. See `requestProtectedResource` for the errors. */
function parseProtectedResource(
  document: Record<string, unknown>,
  { serverUrl, trusted, address }: ProtectedResourceRequest & { address: URL },
): ProtectedResource {
  const { resource, authorization_servers: authorizationServers, scopes_supported: scopes } = document;
  if (typeof resource !== 'string' || !(isAcceptedResource(resource, { serverUrl, address }) || resource === trusted)) {
    throw new AuthError(
      'resource_mismatch',
      `The metadata at ${quote(redactUrl(address))} is for the resource ${quote(resource)}, not for ${redactUrl(serverUrl)}.`,
      {
        hint: 'A token for another resource would not work here. Check the URL of the server. If you know that this is its resource identifier, pass --trust-resource URL with it.',
      },
    );
  }
  return {
    resource,
    authorization_servers: parseIssuers(authorizationServers),
    ...(Array.isArray(scopes) && { scopes_supported: onlyStrings(scopes) }),
    ...(document['dpop_bound_access_tokens_required'] === true && { dpop_bound_access_tokens_required: true }),
  };
}

/**
 * Whether metadata at `address` may be for `resource`: the server's URL, or a path above it if the metadata is at the well-known
 * address of the origin. Other paths of a host may belong to others, and a token for the whole host is valid at all of them.
 */
function isAcceptedResource(resource: string, { serverUrl, address }: { serverUrl: URL; address: URL }): boolean {
  if (!isResourceFor(resource, serverUrl)) return false;
  // A server or proxy that decodes `..%2f` would let the owner of another path answer.
  const isWellKnown = `${address.pathname}/`.startsWith(`${wellKnownPath}/`) && isUnambiguousPath(address.pathname);
  const isFromOrigin = address.origin === serverUrl.origin && isWellKnown;
  return isFromOrigin || !isParentResource(resource, serverUrl);
}

const wellKnownPath = '/.well-known/oauth-protected-resource';

/** RFC 9728 section 3.1: path inserted, then the origin's; then path appended, where some servers have it. */
function listWellKnownAddresses({ origin, pathname, search }: URL): URL[] {
  const root = new URL(wellKnownPath, origin);
  const path = removeTrailingSlash(pathname);
  return path === '' ? [root] : [new URL(`${root.pathname}${path}${search}`, origin), root, new URL(`${path}${root.pathname}`, origin)];
}

/** Some servers write a single issuer as a string, or issuers as objects. */
function parseIssuers(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return onlyStrings(all.map((one) => (isObject(one) ? one['issuer'] : one)))
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function onlyStrings(values: readonly unknown[]): string[] {
  return values.filter((one) => typeof one === 'string');
}

/** Authorization server metadata: RFC 8414, and OpenID Connect Discovery 1.0 for servers that only have that. */
import type { AuthorizationServer } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import type { Network } from '../effects.js';
import { parseAllowedUrl, parseSafeUrl } from '../http/url-policy.js';
import { isObject } from '../text/json.js';
import { quote } from '../text/server-text.js';
import { isSameIssuer } from './issuer.js';
import { requestFirstMetadata } from './metadata-document.js';
import { removeTrailingSlash } from './trailing-slash.js';
import { findVendor } from './vendors/index.js';

/** RFC 8414 section 2, in the RFC's own names. */
export type AuthorizationServerMetadata = AuthorizationServer;

/** An issuer that the user trusts to be named by metadata at another address: at `address`, or at any address if that is absent. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly address?: string;
}

/** Endpoints whose URL must be valid: secrets are sent to them, or the user is. */
const requiredEndpoints = ['authorization_endpoint', 'token_endpoint'] as const;
/** Endpoints that a login can do without. One that is empty or has a URL that is not allowed counts as absent. */
const optionalEndpoints = [
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
] as const;
/** The endpoints that a login sends something to, or the user. */
export const endpointNames = [...requiredEndpoints, ...optionalEndpoints] as const;

/** Members that are lists of strings, in whatever form a server writes them. */
const listNames = [
  'scopes_supported',
  'grant_types_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'dpop_signing_alg_values_supported',
] as const;

/**
 * An issuer is compared, shown, used as a key of the store and printed in commands to copy: a URL without query and fragment
 * (RFC 8414 section 2), and without characters that are special to a shell.
 */
const issuerPattern = /^https?:\/\/[\w.~:/[\]%@+,=-]{1,500}$/;

/** Which authorization server's metadata to request. */
export interface AuthorizationServerRequest {
  readonly issuer: string;
  readonly trusted?: TrustedIssuer | undefined;
  /** The MCP server. If it has the same origin as the issuer, its metadata may also be at addresses with the MCP server's path. */
  readonly serverUrl?: URL | undefined;
  /**
   * Whether the MCP server names no authorization server. The issuer is then the MCP server's own origin (MCP authorization
   * 2025-03-26), and the issuer in the metadata may have a path.
   */
  readonly isUnnamed?: boolean;
  /** The metadata URL that the user chose, instead of the well-known addresses. */
  readonly metadataUrl?: string | undefined;
}

/**
 * Request the metadata of an issuer at each well-known address, in the order of the specification, then at other addresses that
 * servers use. Returns the first metadata that names this issuer; undefined if no address has any.
 *
 * @throws AuthError `issuer_mismatch` if there is only the metadata of another issuer (RFC 8414 section 3.3), `url_refused` for
 * an endpoint that is not https, `address_refused` for one outside the allowed network of `http`, `metadata_invalid` without a
 * token endpoint.
 */
export async function requestAuthorizationServer(
  request: AuthorizationServerRequest,
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<AuthorizationServerMetadata | undefined> {
  const { allowedNetwork } = context.http;
  const issuerUrl = parseAllowedUrl(request.issuer, { what: 'The authorization server', allowedNetwork });
  const { metadataUrl, serverUrl } = request;
  const addresses =
    metadataUrl === undefined
      ? listMetadataAddresses(issuerUrl, serverUrl)
      : [parseAllowedUrl(metadataUrl, { what: 'The address of --metadata-url', allowedNetwork })];
  return requestFirstMetadata(addresses, context, (document, address) => {
    // Some servers answer every address with some JSON. That is not metadata.
    if (document['issuer'] === undefined && document['token_endpoint'] === undefined) return undefined;
    return parseAuthorizationServer(document, { ...request, address, allowedNetwork });
  });
}

/**
 * Check one metadata document, without any network access. An optional member of a wrong type counts as absent.
 * See `requestAuthorizationServer` for the errors.
 */
export function parseAuthorizationServer(
  document: Record<string, unknown>,
  request: AuthorizationServerRequest & { address: URL; allowedNetwork: Network },
): AuthorizationServerMetadata {
  const { issuer, address, allowedNetwork } = request;
  const members = Object.entries(document).filter(([, value]) => value !== null && value !== '');
  const metadata: Record<string, unknown> = { ...Object.fromEntries(members), issuer: acceptIssuer(document['issuer'], request) };
  for (const name of requiredEndpoints) {
    if (metadata[name] !== undefined) checkEndpoint(metadata[name], { what: `The ${name} of ${issuer}`, issuer, allowedNetwork });
  }
  for (const name of optionalEndpoints) {
    if (!isAllowedEndpoint(metadata[name], { what: name, issuer, allowedNetwork })) metadata[name] = undefined;
  }
  if (metadata['token_endpoint'] === undefined) {
    throw new AuthError('metadata_invalid', `The metadata at ${quote(address.href)} names no token_endpoint.`);
  }
  for (const name of listNames) metadata[name] = parseList(metadata[name]);
  return metadata as unknown as AuthorizationServerMetadata;
}

/**
 * The issuer to use for metadata that names the issuer `found`: RFC 8414 section 3.3 requires it to be the requested one.
 * Accepted in addition: a trailing slash (`isSameIssuer`), another issuer of the same origin if the MCP server names none, an
 * issuer that the user trusts, and another form in which a known vendor writes its issuer.
 *
 * @throws AuthError `issuer_mismatch`.
 */
function acceptIssuer(
  found: unknown,
  { issuer, trusted, isUnnamed = false, metadataUrl, address }: AuthorizationServerRequest & { address: URL },
): string {
  const isSame = isSameIssuer(found, issuer);
  const isAccepted =
    isSame ||
    (isUnnamed && isSameOrigin(found, issuer) && maySpeakFor(found, { address, metadataUrl })) ||
    isTrusted(found, { trusted, issuer }) ||
    isVendorForm(found, issuer);
  // A template such as `…/{tenantid}/v2.0` stands for many issuers, and a vendor may change how it writes the same issuer.
  const isOtherForm = isTemplate(found) || (!isSame && isVendorForm(found, issuer));
  const used = isAccepted && isOtherForm ? issuer : found;
  if (isAccepted && typeof used === 'string' && isIssuer(used)) return used;
  throw new AuthError('issuer_mismatch', `${quote(address.href)} is the metadata of ${quote(found)}, not of ${quote(issuer)}.`, {
    hint: 'An authorization server cannot speak for another one. If you know that both are the same, pass --trust-issuer URL with the first.',
  });
}

/**
 * The metadata for a client with a TLS certificate: with the endpoints for such clients, if there are any (RFC 8705
 * section 5).
 */
export function applyMtlsAliases(
  metadata: AuthorizationServerMetadata,
  { allowedNetwork }: { allowedNetwork: Network },
): AuthorizationServerMetadata {
  const { issuer, mtls_endpoint_aliases: aliases } = metadata;
  if (!isObject(aliases)) return metadata;
  const names = ['token_endpoint', ...optionalEndpoints] as const;
  const allowed = names.filter((name) => isAllowedEndpoint(aliases[name], { what: name, issuer, allowedNetwork }));
  return { ...metadata, ...Object.fromEntries(allowed.map((name) => [name, aliases[name]])) };
}

interface EndpointCheck {
  readonly what: string;
  readonly issuer: string;
  readonly allowedNetwork: Network;
}

/**
 * A remote authorization server cannot have an endpoint on this machine: its secrets would go to any program that listens
 * here.
 */
function checkEndpoint(value: unknown, { what, issuer, allowedNetwork }: EndpointCheck): void {
  const { protocol, host } = parseAllowedUrl(value, { what, allowedNetwork });
  if (protocol === 'http:' && issuer.startsWith('https:')) {
    throw new AuthError('url_refused', `${what}, ${quote(value)}, is plain http at ${host}, but the authorization server uses https.`);
  }
}

function isAllowedEndpoint(value: unknown, endpoint: EndpointCheck): boolean {
  try {
    checkEndpoint(value, endpoint);
    return true;
  } catch {
    return false;
  }
}

/** A list of strings; a single string is split at spaces and commas. Undefined for anything else. */
function parseList(value: unknown): string[] | undefined {
  if (typeof value === 'string') return value.split(/[ ,]+/).filter(Boolean);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
}

/**
 * The endpoints of a server without any metadata: MCP authorization 2025-03-26, "Fallbacks for Servers without Metadata
 * Discovery". That version requires PKCE of every authorization server, so it counts as advertised.
 */
export function createDefaultMetadata(origin: string): AuthorizationServerMetadata {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    code_challenge_methods_supported: ['S256'],
  };
}

/**
 * RFC 8414 section 3.1 and OpenID Connect Discovery section 4: path inserted, then path appended. Then addresses that servers use
 * in addition: the OAuth address with the path appended, and the addresses of the origin for an issuer with a path.
 */
function listMetadataAddresses({ origin, pathname }: URL, serverUrl: URL | undefined): URL[] {
  const path = removeTrailingSlash(pathname);
  const serverPaths = serverUrl?.origin === origin ? [removeTrailingSlash(serverUrl.pathname)] : [];
  const [oauth, openid] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
  const standard = (one: string) => [`${oauth}${one}`, `${openid}${one}`, `${one}${openid}`];
  const appended = (one: string) => `${one}${oauth}`;
  const all = [...standard(path), appended(path), ...serverPaths.flatMap((one) => [...standard(one), appended(one)]), oauth, openid];
  return [...new Set(all)].map((one) => new URL(one, origin));
}

function isTemplate(issuer: unknown): boolean {
  return typeof issuer === 'string' && /\{\w+\}/.test(issuer);
}

/** Whether a known vendor writes the issuer at this address in the form `found`. */
function isVendorForm(found: unknown, issuer: string): boolean {
  if (typeof found !== 'string' || !URL.canParse(found)) return false;
  return findVendor(issuer)?.needs.issuerForm?.value(new URL(found), new URL(issuer)) ?? false;
}

function isIssuer(text: string): boolean {
  try {
    return issuerPattern.test(text) && parseSafeUrl(text, { what: 'The issuer' }).href !== '';
  } catch {
    return false;
  }
}

/** The trusted issuer is compared exactly: the user copied it. The address comes from a server, which may write the slash or not. */
function isTrusted(found: unknown, { trusted, issuer }: { trusted: TrustedIssuer | undefined; issuer: string }): boolean {
  return trusted !== undefined && found === trusted.issuer && (trusted.address === undefined || isSameIssuer(trusted.address, issuer));
}

function isSameOrigin(found: unknown, expected: string): found is string {
  return typeof found === 'string' && URL.canParse(found) && new URL(found).origin === new URL(expected).origin;
}

/**
 * Whether a document at `address` may name another issuer of its origin. A document below a path may come from the owner of that
 * path, and other paths of the host may belong to others. If the user chose the address, it is trusted.
 */
function maySpeakFor(named: string, { address, metadataUrl }: { address: URL; metadataUrl: string | undefined }): boolean {
  const path = address.pathname.replace(/\/\.well-known\/[^]*/, '');
  return path === '' || metadataUrl !== undefined || `${new URL(named).pathname}/`.startsWith(`${path}/`);
}

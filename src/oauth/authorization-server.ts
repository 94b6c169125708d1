/** Authorization server metadata: RFC 8414, and OpenID Connect Discovery 1.0 for servers that only have that. */
import type { AuthorizationServer } from 'oauth4webapi';
import type { Effects, Network } from '../effects.js';
import { AuthError } from '../errors.js';
import { parseAllowedUrl, parseSafeUrl } from '../http/url-policy.js';
import { isObject } from '../text/json.js';
import { quote } from '../text/server-text.js';
import { requestFirstMetadata } from './metadata-document.js';
import { findVendor } from './vendors/index.js';

/** RFC 8414 section 2, in the RFC's own names. */
export type AuthorizationServerMetadata = AuthorizationServer;

/** An issuer that another address may call itself, because a person said so: at that address, or at any if none is named. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly address?: string;
}

/** Endpoints that are checked on arrival, since each of them is sent secrets or shown to a person. */
const endpoints = ['authorization_endpoint', 'token_endpoint'] as const;
/** Those that a login can do without: one that is empty, or that we would not talk to, counts as absent. */
const optionalEndpoints = [
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
] as const;
/** The endpoints that a login sends something to, or the person. */
export const endpointNames = [...endpoints, ...optionalEndpoints] as const;

/** Members that are lists of words, whatever a server makes of them. */
const lists = [
  'scopes_supported',
  'grant_types_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'dpop_signing_alg_values_supported',
] as const;

/**
 * An issuer is compared, shown, a key of the store and a word of commands that people are told to type: a URL without query
 * and fragment (RFC 8414 section 2), and without what a shell has a use for.
 */
const issuerForm = /^https?:\/\/[\w.~:/[\]%@+,=-]{1,500}$/;

/** Whose metadata is asked for. */
export interface AuthorizationServerRequest {
  readonly issuer: string;
  readonly trusted?: TrustedIssuer | undefined;
  /** The MCP server: on its own origin, servers have the metadata at the address with their own path too. */
  readonly serverUrl?: URL | undefined;
  /** Whether nobody named the issuer, which is then the server's own origin: MCP 2025-03-26, whose issuer may have a path. */
  readonly isUnnamed?: boolean;
  /** Where the person says that the metadata is, in place of the usual addresses. */
  readonly metadataUrl?: string | undefined;
}

/**
 * Asks an issuer for its metadata at each address that the specification names, in its order, and at those where servers
 * have it besides; takes the first that is the issuer's. Undefined when none of them has any.
 *
 * @throws AuthError `issuer_mismatch` when there is only another issuer's (RFC 8414 section 3.3), `url_refused` for
 * an endpoint that is not https, `address_refused` for one in a more private network than `http` reaches, `metadata_invalid` without a token endpoint.
 */
export async function requestAuthorizationServer(
  request: AuthorizationServerRequest,
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<AuthorizationServerMetadata | undefined> {
  const { allowedNetwork: reach } = context.http;
  const issuerUrl = parseAllowedUrl(request.issuer, { what: 'The authorization server', reach });
  const { metadataUrl, serverUrl } = request;
  const addresses =
    metadataUrl === undefined
      ? metadataAddresses(issuerUrl, serverUrl)
      : [parseAllowedUrl(metadataUrl, { what: 'The address of --metadata-url', reach })];
  return requestFirstMetadata(addresses, context, (document, address) => {
    // Servers that answer every address with some JSON of theirs have no metadata there.
    if (document['issuer'] === undefined && document['token_endpoint'] === undefined) return undefined;
    return parseAuthorizationServer(document, { ...request, address, reach });
  });
}

/**
 * Checks one document; pure. What has a wrong type, and says nothing by itself, counts as absent.
 * See `requestAuthorizationServer` for what it throws.
 */
export function parseAuthorizationServer(
  document: Record<string, unknown>,
  { issuer, trusted, isUnnamed = false, metadataUrl, address, reach }: AuthorizationServerRequest & { address: URL; reach: Network },
): AuthorizationServerMetadata {
  const named = document['issuer'];
  const accepted =
    isSameIssuer(named, issuer) ||
    (isUnnamed && isSameOrigin(named, issuer) && maySpeakFor(named, { address, metadataUrl })) ||
    isTrusted(named, { trusted, issuer }) ||
    isFormOfVendor(named, issuer);
  // A template, as `…/{tenantid}/v2.0`, stands for many issuers, and what a vendor calls one issuer may change from day to day.
  const isOtherName = isTemplate(named) || (!isSameIssuer(named, issuer) && isFormOfVendor(named, issuer));
  const found = accepted && isOtherName ? issuer : named;
  if (!accepted || typeof found !== 'string' || !isIssuer(found)) {
    throw new AuthError('issuer_mismatch', `${quote(address.href)} is the metadata of ${quote(named)}, not of ${quote(issuer)}.`, {
      hint: 'One authorization server may not speak for another. If you know that these two are one, pass --trust-issuer URL with the first.',
    });
  }
  const members = Object.entries(document).filter(([, value]) => value !== null && value !== '');
  const metadata: Record<string, unknown> = { ...Object.fromEntries(members), issuer: found };
  for (const name of endpoints) {
    if (metadata[name] !== undefined) checkEndpoint(metadata[name], { what: `The ${name} of ${issuer}`, issuer, reach });
  }
  for (const name of optionalEndpoints) {
    if (!isUsable(metadata[name], { what: name, issuer, reach })) metadata[name] = undefined;
  }
  if (metadata['token_endpoint'] === undefined) {
    throw new AuthError('metadata_invalid', `The metadata at ${quote(address.href)} names no token_endpoint.`);
  }
  for (const name of lists) metadata[name] = parseList(metadata[name]);
  return metadata as unknown as AuthorizationServerMetadata;
}

/**
 * The metadata for a client that shows a TLS certificate: with the endpoints that are for such clients, where there are any (RFC
 * 8705 section 5).
 */
export function applyMtlsAliases(
  metadata: AuthorizationServerMetadata,
  { allowedNetwork: reach }: { allowedNetwork: Network },
): AuthorizationServerMetadata {
  const { issuer, mtls_endpoint_aliases: aliases } = metadata;
  if (!isObject(aliases)) return metadata;
  const names = ['token_endpoint', ...optionalEndpoints] as const;
  const usable = names.filter((name) => isUsable(aliases[name], { what: name, issuer, reach }));
  return { ...metadata, ...Object.fromEntries(usable.map((name) => [name, aliases[name]])) };
}

interface Endpoint {
  readonly what: string;
  readonly issuer: string;
  readonly reach: Network;
}

/** An authorization server elsewhere has no endpoint on this machine: its secrets would go to whoever listens here. */
function checkEndpoint(value: unknown, { what, issuer, reach }: Endpoint): void {
  const { protocol, host } = parseAllowedUrl(value, { what, reach });
  if (protocol === 'http:' && issuer.startsWith('https:')) {
    throw new AuthError('url_refused', `${what}, ${quote(value)}, is plain http at ${host}, while the authorization server is not.`);
  }
}

function isUsable(value: unknown, endpoint: Endpoint): boolean {
  try {
    checkEndpoint(value, endpoint);
    return true;
  } catch {
    return false;
  }
}

/** A list of words; a single word is a list of one. Undefined for anything else. */
function parseList(value: unknown): string[] | undefined {
  if (typeof value === 'string') return value.split(/[ ,]+/).filter(Boolean);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
}

/**
 * The endpoints of a server without any metadata: MCP authorization 2025-03-26, "Fallbacks for Servers without Metadata
 * Discovery". That version makes PKCE a duty of every authorization server, so it counts as advertised.
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
 * RFC 8414 section 3.1 and OpenID Connect Discovery section 4: path inserted, then path appended. Then what servers do
 * besides: the OAuth address with the path appended, and the addresses of the origin for an issuer with a path.
 */
function metadataAddresses({ origin, pathname }: URL, serverUrl: URL | undefined): URL[] {
  const path = bare(pathname);
  const own = serverUrl?.origin === origin ? [bare(serverUrl.pathname)] : [];
  const [oauth, openid] = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
  const usual = (one: string) => [`${oauth}${one}`, `${openid}${one}`, `${one}${openid}`];
  const appended = (one: string) => `${one}${oauth}`;
  const all = [...usual(path), appended(path), ...own.flatMap((one) => [...usual(one), appended(one)]), oauth, openid];
  return [...new Set(all)].map((one) => new URL(one, origin));
}

function bare(path: string): string {
  return path.replace(/\/$/, '');
}

function isTemplate(issuer: unknown): boolean {
  return typeof issuer === 'string' && /\{\w+\}/.test(issuer);
}

/** Whether a vendor is known to call the issuer at that address so. */
function isFormOfVendor(found: unknown, issuer: string): boolean {
  if (typeof found !== 'string' || !URL.canParse(found)) return false;
  return findVendor(issuer)?.needs.issuerForm?.value(new URL(found), new URL(issuer)) ?? false;
}

function isIssuer(text: string): boolean {
  try {
    return issuerForm.test(text) && parseSafeUrl(text, { what: 'The issuer' }).href !== '';
  } catch {
    return false;
  }
}

function isTrusted(found: unknown, { trusted, issuer }: { trusted: TrustedIssuer | undefined; issuer: string }): boolean {
  return trusted !== undefined && found === trusted.issuer && (trusted.address === undefined || isSameIssuer(trusted.address, issuer));
}

function isSameOrigin(found: unknown, expected: string): found is string {
  return typeof found === 'string' && URL.canParse(found) && new URL(found).origin === new URL(expected).origin;
}

/**
 * Whether a document at that address may be the one of another issuer of its origin: one below a path is by whoever has that path,
 * and a host may have other people's servers at other paths. Where the person has said that it is there, they know.
 */
function maySpeakFor(named: string, { address, metadataUrl }: { address: URL; metadataUrl: string | undefined }): boolean {
  const path = address.pathname.replace(/\/\.well-known\/[^]*/, '');
  return path === '' || metadataUrl !== undefined || `${new URL(named).pathname}/`.startsWith(`${path}/`);
}

/**
 * Identical, but for a slash at the end: `https://a/b` and `https://a/b/` have their metadata at the same addresses (RFC
 * 8414 section 3.1 takes that slash away), so that neither can be had in place of the other, and servers mix them up a lot.
 */
function isSameIssuer(found: unknown, expected: string): boolean {
  return typeof found === 'string' && found.replace(/\/$/, '') === expected.replace(/\/$/, '');
}

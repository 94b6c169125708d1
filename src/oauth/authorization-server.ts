/** Authorization server metadata: RFC 8414, and OpenID Connect Discovery 1.0 for servers that only have that. */
import type { AuthorizationServer } from 'oauth4webapi';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { quoted } from '../server-text.js';
import { requestMetadata } from './metadata-document.js';

/** RFC 8414 section 2, in the RFC's own names. */
export type AuthorizationServerMetadata = AuthorizationServer;

/** Endpoints that are checked on arrival, since each of them is sent secrets or shown to a person. */
const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'device_authorization_endpoint',
  'revocation_endpoint',
] as const;

/**
 * Asks an issuer for its metadata at each address that the specification names, in its order.
 * Undefined when none of them has any.
 *
 * @param anyPath nobody named this issuer: MCP 2025-03-26 asks the MCP server's own origin, whose issuer may have a path.
 * @param trustedIssuer another issuer that this one's metadata may name, because a person said so.
 * @throws AuthError `issuer_mismatch` when the metadata names another issuer (RFC 8414 section 3.3), `url_refused` for
 * an endpoint that is not https, `metadata_invalid` without a token endpoint.
 */
export async function requestAuthorizationServer(
  { issuer, trustedIssuer, anyPath = false }: { issuer: string; trustedIssuer?: string; anyPath?: boolean },
  context: Pick<Context, 'http' | 'signal'>,
): Promise<AuthorizationServerMetadata | undefined> {
  const issuerUrl = parseSafeUrl(issuer, { what: 'The authorization server' });
  for (const address of metadataAddresses(issuerUrl)) {
    const document = await requestMetadata(address, context);
    if (document) return parseAuthorizationServer(document, { issuer, trustedIssuer, anyPath, address });
  }
  return undefined;
}

/** Checks one document; pure. See `requestAuthorizationServer` for what it throws. */
export function parseAuthorizationServer(
  document: Record<string, unknown>,
  { issuer, trustedIssuer, anyPath, address }: { issuer: string; trustedIssuer?: string; anyPath: boolean; address: URL },
): AuthorizationServerMetadata {
  const found = document['issuer'];
  const accepted = isSameIssuer(found, issuer) || (anyPath && isSameOrigin(found, issuer));
  if (!accepted && (trustedIssuer === undefined || found !== trustedIssuer)) {
    throw new AuthError('issuer_mismatch', `${address.href} is the metadata of ${quoted(document['issuer'])}, not of ${quoted(issuer)}.`, {
      hint: 'One authorization server may not speak for another. If you know that these two are one, pass --trust-issuer URL with the first.',
    });
  }
  for (const name of endpoints) {
    if (document[name] !== undefined) parseSafeUrl(document[name], { what: `The ${name} of ${issuer}` });
  }
  if (document['token_endpoint'] === undefined) {
    throw new AuthError('metadata_invalid', `The metadata at ${address.href} names no token_endpoint.`);
  }
  return document as unknown as AuthorizationServerMetadata;
}

/**
 * The endpoints of a server without any metadata: MCP authorization 2025-03-26, "Fallbacks for Servers without Metadata
 * Discovery". That version makes PKCE a duty of every authorization server, so it counts as advertised.
 */
export function defaultMetadata(origin: string): AuthorizationServerMetadata {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    code_challenge_methods_supported: ['S256'],
  };
}

/** RFC 8414 section 3.1 and OpenID Connect Discovery section 4: path inserted, then path appended. */
function metadataAddresses({ origin, pathname }: URL): URL[] {
  const path = pathname.replace(/\/$/, '');
  const addresses = [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
    `${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(addresses)].map((one) => new URL(one, origin));
}

function isSameOrigin(found: unknown, expected: string): boolean {
  return typeof found === 'string' && URL.canParse(found) && new URL(found).origin === new URL(expected).origin;
}

/** Identical, but for the slash of an empty path: `https://a` and `https://a/` are one URL, and are mixed up a lot. */
function isSameIssuer(found: unknown, expected: string): boolean {
  if (found === expected) return true;
  return typeof found === 'string' && (`${found}/` === expected || found === `${expected}/`) && new URL(expected).pathname === '/';
}

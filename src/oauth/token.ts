/** The token endpoint: RFC 6749 section 5 (its answers) and section 6 (refreshing). */
import { genericTokenEndpointRequest, processGenericTokenEndpointResponse, type ClientAuth } from 'oauth4webapi';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { clientAuthentication } from './client-authentication.js';
import { mended, tokenMends } from './lenience.js';
import { protocolError } from './protocol-error.js';
import type { ClientInformation } from './registration.js';
import { requestOptions } from './request-options.js';

/** RFC 6749 section 5.1, with the expiry as an absolute time. */
export interface TokenResponse {
  accessToken: string;
  /** Seconds since the epoch when the answer came. */
  issuedAt: number;
  /** Seconds since the epoch; absent when the server did not say. */
  expiresAt?: number;
  refreshToken?: string;
  /** What was granted; absent when the server did not say, which means what was asked for. */
  scope?: string;
}

/** The part of the metadata that a refresh needs, which the store keeps with a login. */
export type TokenServer = Pick<AuthorizationServerMetadata, 'issuer' | 'token_endpoint' | 'token_endpoint_auth_methods_supported'>;

/** Who asks whom, for every grant. */
export interface TokenEndpoint {
  readonly metadata: TokenServer;
  readonly client: ClientInformation;
}

/** What a token request may use of the world. */
export type TokenContext = Pick<Context, 'http' | 'clock' | 'signal'>;

/** A token as RFC 6750 lets it stand in a header: visible ASCII. Anything else could end the header early. */
const visible = /^[\x21-\x7e]+$/;

/**
 * Renews an access token (RFC 6749 section 6), for the same resource (RFC 8707 section 2.2).
 *
 * @throws AuthError `invalid_grant` when the refresh token is spent, `server_failed`, `network_error` and the like when
 * nothing is known about it.
 */
export async function requestRefresh(
  { metadata, client, refreshToken, resource }: TokenEndpoint & { refreshToken: string; resource: string | undefined },
  context: TokenContext,
): Promise<TokenResponse> {
  const parameters = { refresh_token: refreshToken, ...(resource !== undefined && { resource }) };
  return requestToken({ metadata, client, grantType: 'refresh_token', parameters }, context);
}

/**
 * One request to the token endpoint, whatever the grant.
 *
 * @param parameters what the grant's RFC names, without `grant_type` and what authenticates the client.
 */
export async function requestToken(
  { metadata, client, grantType, parameters }: TokenEndpoint & { grantType: string; parameters: Record<string, string> },
  context: TokenContext,
): Promise<TokenResponse> {
  const authentication: ClientAuth = clientAuthentication(client, metadata);
  const clientId = { client_id: client.client_id };
  try {
    const options = requestOptions(metadata, context);
    const response = await genericTokenEndpointRequest(metadata, clientId, authentication, grantType, parameters, options);
    return await parseTokenResponse(response, { metadata, clientId, now: context.clock.now() });
  } catch (error) {
    throw protocolError(error, `The token endpoint of ${metadata.issuer}`);
  }
}

async function parseTokenResponse(
  response: Response,
  { metadata, clientId, now }: { metadata: TokenServer; clientId: { client_id: string }; now: number },
): Promise<TokenResponse> {
  const answer = await processGenericTokenEndpointResponse(metadata, clientId, await mended(response, { mends: tokenMends, status: 200 }));
  const unfit = (what: string) => new AuthError('response_invalid', `The token endpoint of ${metadata.issuer} gave ${what}.`);
  if (answer.token_type !== 'bearer') throw unfit('a token that is not a bearer token');
  if (!visible.test(answer.access_token)) throw unfit('an access token that cannot stand in a header');
  const issuedAt = Math.floor(now / 1000);
  return {
    accessToken: answer.access_token,
    issuedAt,
    ...(answer.expires_in !== undefined && { expiresAt: issuedAt + Math.floor(answer.expires_in) }),
    ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
    ...(answer.scope !== undefined && { scope: answer.scope }),
  };
}

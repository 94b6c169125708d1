/** Pushed authorization requests: RFC 9126. */
import { processPushedAuthorizationResponse, pushedAuthorizationRequest } from 'oauth4webapi';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication } from './client-authentication.js';
import { retryWithNonce } from './dpop.js';
import { normaliseResponse, pushedAuthorizationNormalisations as normalisations } from './normalisation.js';
import { toProtocolError } from './protocol-error.js';
import { createRequestOptions } from './request-options.js';
import type { TokenContext, TokenRequestParties } from './token.js';

/** Whether the authorization server accepts only pushed requests (RFC 9126 section 5). */
export function requiresPushedRequest(metadata: AuthorizationServerMetadata): boolean {
  return metadata.require_pushed_authorization_requests === true;
}

/**
 * Push the parameters of an authorization request to the authorization server (RFC 9126 section 2).
 *
 * @returns the `request_uri` that refers to them, and its lifetime in seconds.
 * @throws OAuthError with the server's `error`.
 */
export async function requestPushedAuthorization(
  {
    metadata,
    client,
    dpop,
    parameters,
  }: TokenRequestParties & { metadata: AuthorizationServerMetadata; parameters: Readonly<Record<string, string>> },
  context: TokenContext,
): Promise<{ requestUri: string; expiresIn: number }> {
  const clientId = { client_id: client.client_id };
  const { answer } = await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      return await retryWithNonce(dpop, async () => {
        const options = { ...createRequestOptions(metadata, context), ...(dpop && { DPoP: dpop.handle }) };
        const response = await pushedAuthorizationRequest(metadata, clientId, authentication, parameters, options);
        const normalised = await normaliseResponse(response, { normalisations, status: 201 });
        return processPushedAuthorizationResponse(metadata, clientId, normalised);
      });
    } catch (error) {
      throw toProtocolError(error, `The pushed authorization request endpoint of ${metadata.issuer}`, [client.client_secret]);
    }
  });
  return { requestUri: answer.request_uri, expiresIn: answer.expires_in };
}

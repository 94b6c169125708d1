/** Pushed authorization requests: RFC 9126. */
import { processPushedAuthorizationResponse, pushedAuthorizationRequest } from 'oauth4webapi';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication } from './client-authentication.js';
import { retryWithNonce } from './dpop.js';
import { normaliseResponse, pushedAuthorizationNormalisations } from './normalisation.js';
import { toProtocolError } from './protocol-error.js';
import { createRequestOptions } from './request-options.js';
import type { TokenContext, TokenRequestParties } from './token.js';

/** Whether the authorization server takes requests only in this way (RFC 9126 section 5). */
export function requiresPushedRequest(metadata: AuthorizationServerMetadata): boolean {
  return metadata.require_pushed_authorization_requests === true;
}

/**
 * Hands the parameters of an authorization request to the authorization server (RFC 9126 section 2).
 *
 * @returns the `request_uri` that stands for them, and the seconds for which it does.
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
        return processPushedAuthorizationResponse(
          metadata,
          clientId,
          await normaliseResponse(response, { mends: pushedAuthorizationNormalisations, status: 201 }),
        );
      });
    } catch (error) {
      throw toProtocolError(error, `The pushed authorization request endpoint of ${metadata.issuer}`, [client.client_secret]);
    }
  });
  return { requestUri: answer.request_uri, expiresIn: answer.expires_in };
}

/** Pushed authorization requests: RFC 9126. */
import { processPushedAuthorizationResponse, pushedAuthorizationRequest } from 'oauth4webapi';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithProofOf } from './client-authentication.js';
import { withNonce } from './dpop.js';
import { mended, pushMends } from './lenience.js';
import { protocolError } from './protocol-error.js';
import { requestOptions } from './request-options.js';
import type { TokenContext, TokenEndpoint } from './token.js';

/** Whether the authorization server takes requests only in this way (RFC 9126 section 5). */
export function mustPush(metadata: AuthorizationServerMetadata): boolean {
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
  }: TokenEndpoint & { metadata: AuthorizationServerMetadata; parameters: Readonly<Record<string, string>> },
  context: TokenContext,
): Promise<{ requestUri: string; expiresIn: number }> {
  const clientId = { client_id: client.client_id };
  const { answer } = await requestWithProofOf({ client, metadata }, context, async (authentication) => {
    try {
      return await withNonce(dpop, async () => {
        const options = { ...requestOptions(metadata, context), ...(dpop && { DPoP: dpop.handle }) };
        const response = await pushedAuthorizationRequest(metadata, clientId, authentication, parameters, options);
        return processPushedAuthorizationResponse(metadata, clientId, await mended(response, { mends: pushMends, status: 201 }));
      });
    } catch (error) {
      throw protocolError(error, `The pushed authorization request endpoint of ${metadata.issuer}`, [client.client_secret]);
    }
  });
  return { requestUri: answer.request_uri, expiresIn: answer.expires_in };
}

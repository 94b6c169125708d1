/**
 * The identity assertion of enterprise-managed authorization: RFC 8693 token exchange, as
 * draft-ietf-oauth-identity-assertion-authz-grant section 4 uses it.
 */
import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import { AuthError } from '../errors.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication } from './client-authentication.js';
import { normaliseResponse, removeEmptyMembers } from './normalisation.js';
import { toProtocolError } from './protocol-error.js';
import type { ClientInformation } from './client-information.js';
import { createRequestOptions } from './request-options.js';
import type { TokenContext } from './token.js';

const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** What an authorization server that takes such assertions lists in `authorization_grant_profiles_supported`. */
export const identityAssertionProfile = 'urn:ietf:params:oauth:grant-profile:id-jag';
const identityAssertion = 'urn:ietf:params:oauth:token-type:id-jag';

export interface IdentityAssertionRequest {
  /** The identity provider's, and our client there. */
  readonly metadata: AuthorizationServerMetadata;
  readonly client: ClientInformation;
  readonly idToken: string;
  /** The issuer of the MCP server's authorization server, for which the assertion will be good. */
  readonly audience: string;
  readonly resource: string | undefined;
  readonly scope?: string;
}

/**
 * Has the identity provider vouch for the person of an `id_token` to another authorization server.
 *
 * @returns a JWT for the grant of RFC 7523.
 * @throws OAuthError with the identity provider's `error`; AuthError `response_invalid` for a token of another kind.
 */
export async function requestIdentityAssertion(
  { metadata, client, idToken, audience, resource, scope }: IdentityAssertionRequest,
  context: TokenContext,
): Promise<string> {
  const what = `The identity provider ${metadata.issuer}`;
  const parameters = {
    requested_token_type: identityAssertion,
    audience,
    ...(resource !== undefined && { resource }),
    ...(scope !== undefined && { scope }),
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  };
  const clientId = { client_id: client.client_id };
  const { answer } = await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      const options = createRequestOptions(metadata, context);
      const response = await genericTokenEndpointRequest(metadata, clientId, authentication, tokenExchangeGrant, parameters, options);
      // RFC 8693 section 2.2.1: what is no access token has the token type N_A.
      const recognizedTokenTypes = { n_a: () => undefined };
      const mendedResponse = await normaliseResponse(response, { mends: [removeEmptyMembers], status: 200 });
      return await processGenericTokenEndpointResponse(metadata, clientId, mendedResponse, { recognizedTokenTypes });
    } catch (error) {
      throw toProtocolError(error, what, [idToken, client.client_secret]);
    }
  });
  if (answer['issued_token_type'] === identityAssertion) return answer.access_token;
  throw new AuthError('response_invalid', `${what} gave something else than the identity assertion that it was asked for.`);
}

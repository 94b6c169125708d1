/**
 * The identity assertion of enterprise-managed authorization: RFC 8693 token exchange, as used by
 * draft-ietf-oauth-identity-assertion-authz-grant section 4.
 */
import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import { AuthError } from '../errors.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication } from './client-authentication.js';
import { normaliseResponse, removeEmptyMembers } from './normalisation.js';
import { definedParameters } from './parameters.js';
import { toProtocolError } from './protocol-error.js';
import type { ClientInformation } from './client-information.js';
import { createRequestOptions } from './request-options.js';
import type { TokenContext } from './token.js';

const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** The value in `authorization_grant_profiles_supported` of an authorization server that accepts identity assertions. */
export const identityAssertionProfile = 'urn:ietf:params:oauth:grant-profile:id-jag';
const identityAssertionType = 'urn:ietf:params:oauth:token-type:id-jag';

export interface IdentityAssertionRequest {
  /** The identity provider, and the client that is registered with it. */
  readonly metadata: AuthorizationServerMetadata;
  readonly client: ClientInformation;
  readonly idToken: string;
  /** The issuer of the MCP server's authorization server, which will accept the assertion. */
  readonly audience: string;
  readonly resource: string | undefined;
  readonly scope?: string;
}

/**
 * Exchange an `id_token` at the identity provider for an identity assertion that another authorization server accepts.
 *
 * @returns a JWT for the grant of RFC 7523.
 * @throws OAuthError with the identity provider's `error`; AuthError `response_invalid` for a token of another type.
 */
export async function requestIdentityAssertion(
  { metadata, client, idToken, audience, resource, scope }: IdentityAssertionRequest,
  context: TokenContext,
): Promise<string> {
  const subject = `The identity provider ${metadata.issuer}`;
  const parameters = definedParameters({
    requested_token_type: identityAssertionType,
    audience,
    resource,
    scope,
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
  const clientId = { client_id: client.client_id };
  const { answer } = await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      const options = createRequestOptions(metadata, context);
      const response = await genericTokenEndpointRequest(metadata, clientId, authentication, tokenExchangeGrant, parameters, options);
      // RFC 8693 section 2.2.1: a token that is not an access token has the token type N_A.
      const recognizedTokenTypes = { n_a: () => undefined };
      const normalised = await normaliseResponse(response, { normalisations: [removeEmptyMembers], status: 200 });
      return await processGenericTokenEndpointResponse(metadata, clientId, normalised, { recognizedTokenTypes });
    } catch (error) {
      throw toProtocolError(error, subject, [idToken, client.client_secret]);
    }
  });
  if (answer['issued_token_type'] === identityAssertionType) return answer.access_token;
  throw new AuthError('response_invalid', `${subject} did not return an identity assertion.`);
}

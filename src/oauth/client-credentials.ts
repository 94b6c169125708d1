/** The client credentials grant: RFC 6749 section 4.4. */
import { AuthError } from '../errors.js';
import { chooseAuthenticationMethod } from './client-authentication.js';
import { requestToken, type TokenContext, type TokenRequestParties, type TokenResponse } from './token.js';

export const clientCredentialsGrant = 'client_credentials';

interface CredentialsRequest {
  readonly resource: string | undefined;
  readonly scope?: string;
  /** What one server needs beside the RFC's own parameters, as `audience=…`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/**
 * Asks for a token for the client itself. What authenticates it is all the consent that there is.
 *
 * @throws AuthError `client_unusable` for a client without a secret or a key, which may not use this grant.
 */
export async function requestTokenByCredentials(
  { resource, scope, extraParameters, ...endpoint }: TokenRequestParties & CredentialsRequest,
  context: TokenContext,
): Promise<TokenResponse> {
  if (chooseAuthenticationMethod(endpoint.client, endpoint.metadata) === 'none') {
    throw new AuthError('client_unusable', `The client ${endpoint.client.client_id} has neither a secret nor a key to prove itself with.`, {
      hint: 'Pass --private-key FILE, or its secret in MCP_AUTH_CLIENT_SECRET.',
    });
  }
  const parameters = { ...(resource !== undefined && { resource }), ...(scope !== undefined && { scope }), ...extraParameters };
  return requestToken({ ...endpoint, grantType: clientCredentialsGrant, parameters }, context);
}

/** The client credentials grant: RFC 6749 section 4.4. */
import { AuthError } from '../errors.js';
import { chooseAuthenticationMethod } from './client-authentication.js';
import { definedParameters } from './parameters.js';
import { requestToken, type TokenContext, type TokenRequestParties, type TokenResponse } from './token.js';

export const clientCredentialsGrant = 'client_credentials';

interface CredentialsRequest {
  readonly resource: string | undefined;
  readonly scope?: string;
  /** Parameters that one server needs in addition to those of the RFC, for example `audience=…`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/**
 * Request a token for the client itself. Its authentication is the only consent.
 *
 * @throws AuthError `client_unusable` for a client without a secret or key: RFC 6749 section 4.4 forbids the grant to public clients.
 */
export async function requestTokenByCredentials(
  { resource, scope, extraParameters, ...parties }: TokenRequestParties & CredentialsRequest,
  context: TokenContext,
): Promise<TokenResponse> {
  if (chooseAuthenticationMethod(parties.client, parties.metadata) === 'none') {
    throw new AuthError('client_unusable', `The client ${parties.client.client_id} has neither a secret nor a key to authenticate with.`, {
      hint: 'Pass --private-key FILE, or set MCP_AUTH_CLIENT_SECRET to its secret.',
    });
  }
  const parameters = definedParameters({ resource, scope, ...extraParameters });
  return requestToken({ ...parties, grantType: clientCredentialsGrant, parameters }, context);
}

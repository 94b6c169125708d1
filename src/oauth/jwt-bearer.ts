/** A JWT as the authorization grant: RFC 7523 section 2.1, RFC 7521 section 4.1. */
import { definedParameters } from './parameters.js';
import { requestToken, type TokenContext, type TokenRequestParties, type TokenResponse } from './token.js';

export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Exchange an assertion, signed by an issuer that the authorization server trusts, for a token. Not retried with other parameters. */
export async function requestTokenByAssertion(
  { assertion, resource, scope, ...parties }: TokenRequestParties & { assertion: string; resource: string | undefined; scope?: string },
  context: TokenContext,
): Promise<TokenResponse> {
  return requestToken({ ...parties, grantType: jwtBearerGrant, parameters: definedParameters({ assertion, resource, scope }) }, context);
}

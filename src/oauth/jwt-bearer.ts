/** A JWT as the authorization grant: RFC 7523 section 2.1, RFC 7521 section 4.1. */
import { requestToken, type TokenContext, type TokenRequestParties, type TokenResponse } from './token.js';

export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Exchanges an assertion, which somebody whom the authorization server trusts has signed, for a token. Never tried twice. */
export async function requestTokenByAssertion(
  { assertion, resource, scope, ...endpoint }: TokenRequestParties & { assertion: string; resource: string | undefined; scope?: string },
  context: TokenContext,
): Promise<TokenResponse> {
  const parameters = { assertion, ...(resource !== undefined && { resource }), ...(scope !== undefined && { scope }) };
  return requestToken({ ...endpoint, grantType: jwtBearerGrant, parameters }, context);
}

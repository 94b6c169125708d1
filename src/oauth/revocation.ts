/** Token revocation: RFC 7009. */
import { processRevocationResponse, revocationRequest } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { requestWithClientAuthentication } from './client-authentication.js';
import { normaliseResponse, removeEmptyMembers } from './normalisation.js';
import { toProtocolError } from './protocol-error.js';
import type { ClientInformation } from './client-information.js';
import { createRequestOptions } from './request-options.js';
import type { TokenServer } from './token.js';

/**
 * Revoke `token`. A token that the server does not know counts as revoked (section 2.2).
 *
 * @throws OAuthError with the server's `error`.
 */
export async function requestRevocation(
  {
    metadata,
    client,
    token,
    hint,
  }: {
    metadata: TokenServer & { revocation_endpoint: string };
    client: ClientInformation;
    token: string;
    hint: 'access_token' | 'refresh_token';
  },
  context: Pick<Effects, 'http' | 'signal' | 'files'>,
): Promise<void> {
  const options = { ...createRequestOptions(metadata, context), additionalParameters: { token_type_hint: hint } };
  await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      const response = await revocationRequest(metadata, { client_id: client.client_id }, authentication, token, options);
      // Section 2.2 requires a 200. Servers also answer with a 204, or with a body.
      await processRevocationResponse(await normaliseResponse(response, { normalisations: [removeEmptyMembers], status: 200 }));
    } catch (error) {
      throw toProtocolError(error, `The revocation endpoint of ${metadata.issuer}`, [token, client.client_secret]);
    }
  });
}

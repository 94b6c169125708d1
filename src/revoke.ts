/** Ending a login: the tokens are revoked where their server can do that. */
import type { Context } from './context.js';
import { AuthError } from './errors.js';
import { requestAuthorizationServer } from './oauth/authorization-server.js';
import { requestRevocation } from './oauth/revocation.js';
import { clientOf, tokenServerOf } from './session.js';
import type { Login, StoreDocument } from './store/document.js';

/**
 * Revokes both tokens of a login at the server that gave them.
 *
 * @returns why they may still be valid there, as a sentence; undefined when both are revoked.
 * @throws AuthError `interrupted` only.
 */
export async function revokeLogin(
  { name, login, document }: { name: string; login: Login; document: StoreDocument },
  context: Context,
): Promise<string | undefined> {
  if (login.issuer === undefined) return 'Its token was not obtained by mcp-auth: whoever made it can revoke it.';
  try {
    const revocationEndpoint =
      login.revocationEndpoint ?? (await requestAuthorizationServer({ issuer: login.issuer }, context))?.revocation_endpoint;
    if (revocationEndpoint === undefined) return `${login.issuer} cannot revoke tokens: this one is valid until it expires.`;
    const metadata = { ...(await tokenServerOf(login, name, context)), revocation_endpoint: revocationEndpoint };
    const client = clientOf(login, document);
    // The refresh token first: it can make new access tokens (RFC 7009 section 2.1).
    if (login.refreshToken !== undefined)
      await requestRevocation({ metadata, client, token: login.refreshToken, hint: 'refresh_token' }, context);
    await requestRevocation({ metadata, client, token: login.accessToken, hint: 'access_token' }, context);
    return undefined;
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'interrupted') throw error;
    return `The tokens could not be revoked and may still be valid at ${login.issuer}: ${error.message}`;
  }
}

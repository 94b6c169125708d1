/** Logging out: revokes the tokens if the authorization server supports that, and deletes the login in any case. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { requestAuthorizationServer } from '../oauth/authorization-server.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { requestRevocation } from '../oauth/revocation.js';
import { findServer } from '../store/document.js';
import { deleteLogin, readLogin } from '../store/login.js';
import { createUnknownServerError } from '../store/unknown-server.js';
import { withAccessForRenewal, withAllowedNetwork } from './server-access.js';
import { createIssuerRequest, findLoginClient, findTokenServer, mayReceiveCredentials, type LoginInDocument } from './token-server.js';

/**
 * Revokes the tokens of server `name` and deletes its login from the store, even if they could not be revoked. The user is warned
 * then.
 *
 * @returns whether there was a login.
 * @throws AuthError `usage` if there is no such server.
 */
export async function logOut(name: string, context: Context): Promise<boolean> {
  // The lock keeps a renewal in progress from storing new tokens afterwards.
  return context.store.withServerLock(name, async () => {
    const document = await context.store.read();
    const entry = findServer(document, name);
    if (entry === undefined) throw createUnknownServerError(name, document);
    const login = readLogin(entry);
    await context.store.removeAttempts(name, context.clock.now());
    await context.store.removeMovedLogin(name);
    if (login === undefined) return false;
    const problem = await revokeLogin({ name, login, document }, context);
    await context.store.update((now) => {
      const current = findServer(now, name);
      if (current) deleteLogin(current);
    });
    if (problem !== undefined) context.ui.warn(problem);
    return true;
  });
}

/** Revokes both tokens. Returns a sentence that says why they may still be valid; undefined if they are revoked. */
async function revokeLogin(stored: LoginInDocument, context: Context): Promise<string | undefined> {
  const { issuer, network } = stored.login;
  if (issuer === undefined) return 'Its token was not obtained by mcp-auth. Revoke it where it was created.';
  try {
    const withAccess = await withAccessForRenewal(findServer(stored.document, stored.name), context);
    return await revokeAt(issuer, stored, withAllowedNetwork(network, withAccess));
  } catch (error) {
    return describeProblem(issuer, expectAuthError(error));
  }
}

async function revokeAt(issuer: string, stored: LoginInDocument, context: Context): Promise<string | undefined> {
  const { name, login, document } = stored;
  const server = await findTokenServer(stored, context);
  const { revocationEndpoint: known } = login;
  const isUsable = known !== undefined && mayReceiveCredentials(known, stored);
  const issuerRequest = createIssuerRequest({ issuer, name, document });
  const endpoint = isUsable ? known : (await requestAuthorizationServer(issuerRequest, context))?.revocation_endpoint;
  if (endpoint === undefined) return `${issuer} does not support revocation. The token is valid until it expires.`;
  const metadata = { ...server, revocation_endpoint: endpoint };
  const client = findLoginClient(stored);
  const revoke = async (token: string | undefined, hint: 'refresh_token' | 'access_token'): Promise<AuthError | undefined> => {
    try {
      if (token !== undefined) await requestRevocation({ metadata, client, token, hint }, context);
      return undefined;
    } catch (error) {
      const isUnsupported = error instanceof OAuthError && error.error === 'unsupported_token_type';
      return isUnsupported ? undefined : expectAuthError(error);
    }
  };
  // The refresh token first, since it can obtain new access tokens (RFC 7009 section 2.1). Both are tried.
  const refreshProblem = await revoke(login.refreshToken, 'refresh_token');
  const accessProblem = await revoke(login.accessToken, 'access_token');
  const problem = refreshProblem ?? accessProblem;
  return problem && describeProblem(issuer, problem);
}

/** Returns an error that does not end the command. An interruption or a bug is thrown. */
function expectAuthError(error: unknown): AuthError {
  if (!(error instanceof AuthError) || error.code === 'interrupted') throw error;
  return error;
}

function describeProblem(issuer: string, { message }: AuthError): string {
  return `The tokens could not be revoked and may still be valid at ${issuer}: ${message}`;
}

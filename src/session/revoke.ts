/** The end of a login: its tokens are revoked where their server can do that, and leave the store in any case. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { requestAuthorizationServer } from '../oauth/authorization-server.js';
import { OAuthError } from '../oauth/protocol-error.js';
import { requestRevocation } from '../oauth/revocation.js';
import { findLoginClient, createIssuerRequest, mayReceiveCredentials, findTokenServer, withAllowedNetwork } from './renewal.js';
import { withAccessForRenewal } from './server-access.js';
import { findServer, listServers, type StoreDocument } from '../store/document.js';
import { deleteLogin, readLogin, type Login } from '../store/login.js';

interface Revocation {
  readonly name: string;
  readonly login: Login;
  readonly document: StoreDocument;
}

/**
 * Revokes the login of server `name` and takes it out of the store, whatever its authorization server says.
 *
 * @returns whether there was one.
 * @throws AuthError `usage` when there is no such server.
 */
export async function logOut(name: string, context: Context): Promise<boolean> {
  // A refresh under way would otherwise put new tokens in after we have taken the old ones out.
  return context.store.withServerLock(name, async () => {
    const document = await context.store.read();
    const entry = findServer(document, name);
    if (entry === undefined) throw createUnknownServerError(name, document);
    const login = readLogin(entry);
    await context.store.removeAttempts(name, context.clock.now());
    await context.store.removeMovedLogin(name);
    if (login === undefined) return false;
    const remains = await revokeLogin({ name, login, document }, context);
    await context.store.update((now) => {
      const current = findServer(now, name);
      if (current) deleteLogin(current);
    });
    if (remains !== undefined) context.ui.warn(remains);
    return true;
  });
}

/** Revokes both tokens. Returns, as a sentence, why they may still be valid; undefined when they are not. */
async function revokeLogin(revocation: Revocation, context: Context): Promise<string | undefined> {
  const { login } = revocation;
  if (login.issuer === undefined) return 'Its token was not obtained by mcp-auth: whoever made it can revoke it.';
  try {
    const asItWants = await withAccessForRenewal(findServer(revocation.document, revocation.name), context);
    return await revokeAt(login.issuer, revocation, withAllowedNetwork(login.network, asItWants));
  } catch (error) {
    return remaining(login.issuer, error);
  }
}

async function revokeAt(issuer: string, { name, login, document }: Revocation, context: Context): Promise<string | undefined> {
  const server = await findTokenServer({ login, name, document }, context);
  const asked = createIssuerRequest({ issuer, name, document });
  const { revocationEndpoint: known } = login;
  const isKnown = known !== undefined && mayReceiveCredentials(known, { login, name, document });
  const endpoint = isKnown ? known : (await requestAuthorizationServer(asked, context))?.revocation_endpoint;
  if (endpoint === undefined) return `${issuer} cannot revoke tokens: this one is valid until it expires.`;
  const metadata = { ...server, revocation_endpoint: endpoint };
  const client = findLoginClient({ login, name, document });
  const revoke = async (token: string | undefined, hint: 'refresh_token' | 'access_token') => {
    if (token !== undefined) await requestRevocation({ metadata, client, token, hint }, context);
  };
  // The refresh token first: it can make new access tokens (RFC 7009 section 2.1). One that fails does not keep the other.
  const failures = [
    await revoke(login.refreshToken, 'refresh_token').catch(failure),
    await revoke(login.accessToken, 'access_token').catch(failure),
  ].filter((one) => one !== undefined && !(one instanceof OAuthError && one.error === 'unsupported_token_type'));
  return failures.length > 0 ? remaining(issuer, failures[0]) : undefined;
}

/** An error, for later. What interrupts the command, or is a bug, is thrown at once. */
function failure(error: unknown): AuthError {
  if (!(error instanceof AuthError) || error.code === 'interrupted') throw error;
  return error;
}

function remaining(issuer: string, error: unknown): string {
  return `The tokens could not be revoked and may still be valid at ${issuer}: ${failure(error).message}`;
}

/** The error for a name that no server in the store has. */
export function createUnknownServerError(name: string, document: StoreDocument): AuthError {
  const names = listServers(document).map(([one]) => one);
  return new AuthError('usage', `There is no server called ${JSON.stringify(name)} in the store.`, {
    hint: names.length > 0 ? `The store has ${names.join(', ')}.` : 'The store is empty.',
  });
}

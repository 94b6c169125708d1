/** New tokens for a stored login. A token that the server has issued always reaches the store. */
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { findUnattendedFlow } from '../flows/index.js';
import type { AcceptedAuthentication } from '../oauth/client-authentication.js';
import { importDpop } from '../oauth/dpop.js';
import { RotatedRefreshTokenError, type TokenResponse } from '../oauth/token.js';
import { findClient, putClient } from '../store/clients.js';
import { findServer, type StoreDocument } from '../store/document.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';
import { isStoreUrl } from '../store/path.js';
import { formatCommand } from '../text/command-line.js';
import { quote } from '../text/server-text.js';
import { createLoginNeededError } from './login-needed.js';
import { requestNewTokens } from './request-new-tokens.js';
import { withAccessForRenewal, withAllowedNetwork } from './server-access.js';
import { findLoginClient, findTokenServer, type LoginInDocument } from './token-server.js';

/** How many renewals are allowed within so many seconds. More would not help: something is wrong with the token. */
const maxRenewals = 20;
const renewalWindowSeconds = 30;

/** Whether a new token can be obtained without the user. An ID token that was read from stdin cannot be read again. */
export function canRenew({ refreshToken, endedAtSeconds, flow, ...files }: Login): boolean {
  return (refreshToken !== undefined && endedAtSeconds === undefined) || (findUnattendedFlow(flow)?.canRunAgain?.(files) ?? false);
}

/** A login with the tokens of a response. What the response omits stays as it was (RFC 6749 sections 5.1 and 6). */
export function applyTokenResponse(tokens: TokenResponse, before: Omit<Login, 'accessToken' | 'tokenType'>): Login {
  return {
    ...before,
    accessToken: tokens.accessToken,
    tokenType: tokens.tokenType,
    issuedAtSeconds: tokens.issuedAtSeconds,
    expiresAtSeconds: tokens.expiresAtSeconds,
    refreshToken: tokens.refreshToken ?? before.refreshToken,
    scope: tokens.scope ?? before.scope,
  };
}

/**
 * Renews a login and stores it. The caller holds the lock of the server. Once the request is sent, nothing interrupts until the
 * response is stored: a refresh token can be used once.
 *
 * @param isRejected whether the MCP server has rejected the current token.
 * @returns the renewed login, or the login that another process has stored in the meantime.
 * @throws AuthError `login_needed` if the login has ended or cannot be renewed, `renewed_too_often` after 20 renewals within
 * 30 s, `server_failed`, `network_error` and the like if the request fails, `store_unwritable`, `store_invalid`, and the
 * reason of the signal.
 */
export async function renewLogin({ isRejected, ...stored }: LoginInDocument & { isRejected: boolean }, unlimited: Context): Promise<Login> {
  const entry = findServer(stored.document, stored.name);
  const context = withAllowedNetwork(stored.login.network, await withAccessForRenewal(entry, unlimited));
  const counters = countRenewal(stored, context);
  const metadata = await findTokenServer(stored, context);
  const client = findLoginClient(stored);
  const { dpopKey } = stored.login;
  const endpoint = { metadata, client, dpop: dpopKey && (await importDpop(dpopKey)) };
  // Right before the request: the store can be written, and this process still has the right to spend the refresh token.
  await context.store.checkWritable(stored.name);
  context.signal.throwIfAborted();
  const before = { ...stored.login, tokenEndpoint: metadata.token_endpoint, ...counters, refusals: isRejected ? 1 : undefined };
  const renewed = await context.uninterrupted(async (root) => {
    const undisturbed = { ...root, http: context.http };
    try {
      const tokens = await requestNewTokens({ ...stored, endpoint }, undisturbed);
      const { acceptedAuthentication } = tokens;
      const saved = await saveRenewal({ ...stored, renewed: applyTokenResponse(tokens, before), acceptedAuthentication }, undisturbed);
      // Only once the tokens are stored: nothing that the response contains may prevent that.
      warnOfNewScopes({ ...stored, tokens }, undisturbed);
      return saved;
    } catch (error) {
      if (error instanceof RotatedRefreshTokenError) await saveRotated({ ...stored, refreshToken: error.refreshToken }, undisturbed);
      if (!hasCode(error, 'invalid_grant')) throw error;
      return endLogin(stored, undisturbed);
    }
  });
  context.signal.throwIfAborted();
  return renewed;
}

/**
 * Counts a renewal.
 *
 * @throws AuthError `renewed_too_often` after `maxRenewals` within `renewalWindowSeconds`.
 */
function countRenewal({ name, login }: LoginInDocument, { clock }: Context): Pick<Login, 'renewals' | 'renewalsSinceSeconds'> {
  const now = Math.floor(clock.now() / 1000);
  const { renewals = 0, renewalsSinceSeconds = 0 } = login;
  if (Math.abs(now - renewalsSinceSeconds) > renewalWindowSeconds) return { renewals: 1, renewalsSinceSeconds: now };
  if (renewals < maxRenewals) return { renewals: renewals + 1, renewalsSinceSeconds };
  throw new AuthError(
    'renewed_too_often',
    `The token of ${name} was renewed ${renewals} times within ${renewalWindowSeconds} seconds, so it was not renewed again.`,
    {
      hint: 'A server that keeps rejecting new tokens requires another audience or scope. See: mcp-auth list --json, and log in again with --scope.',
    },
  );
}

/** RFC 6749 section 6: a renewal must not grant more than the user has approved. The server decides that; the user is warned. */
function warnOfNewScopes({ name, login, tokens }: LoginInDocument & { tokens: TokenResponse }, { ui }: Context): void {
  const before = login.scope ?? login.requestedScope;
  const approved = new Set(`${login.scope ?? ''} ${login.requestedScope ?? ''}`.split(' '));
  const gained = tokens.scope?.split(' ').filter((scope) => scope !== '' && !approved.has(scope)) ?? [];
  if (before === undefined || gained.length === 0) return;
  ui.warn(
    `The renewed token of ${name} may do more than was approved: ${quote(gained.join(' '))}. If you do not expect that, run: ${formatCommand`mcp-auth logout ${name}`}`,
  );
}

interface Renewal extends LoginInDocument {
  readonly renewed: Login;
  readonly acceptedAuthentication?: AcceptedAuthentication | undefined;
}

/**
 * Stores the renewed login, unless another login was stored in the meantime. First writes it to a file of its own, so that it is
 * not lost if this process is killed while it waits for the store. If the store cannot be written, the file stays, and the user is
 * warned.
 */
async function saveRenewal(
  { name, login, renewed, acceptedAuthentication, document: before }: Renewal,
  { store, ui }: Context,
): Promise<Login> {
  const pendingFile = await store.savePendingRenewal({ name, login: renewed, document: before }).catch(() => undefined);
  try {
    return await store.update((document) => {
      if (Object.keys(document).length === 0) throw createEmptyStoreError(store.path);
      if (acceptedAuthentication !== undefined) saveAcceptedAuthentication(document, login, acceptedAuthentication);
      const entry = findServer(document, name);
      const current = readLogin(entry);
      if (entry === undefined || current?.accessToken !== login.accessToken) return current ?? renewed;
      writeLogin(entry, renewed, name);
      return renewed;
    }, name);
  } catch (error) {
    if (!(error instanceof AuthError) || pendingFile === undefined) throw error;
    const next = isStoreUrl(store.path) ? 'Once the database accepts them, run on this machine' : 'Free some space, then run';
    ui.fail(
      `${name} has new tokens, but they could not be stored: ${error.message}`,
      `They are in ${pendingFile}. ${next}: ${formatCommand`mcp-auth token ${name}`}`,
    );
    return renewed;
  }
}

/** A program that rewrites the file may empty it first. What it is about to write still has the old login. */
function createEmptyStoreError(file: string): AuthError {
  return new AuthError('store_invalid', `${file} was empty at that moment.`);
}

/** Stores the client authentication that the server has accepted, so that the next request begins with it. Changes `document`. */
function saveAcceptedAuthentication(document: StoreDocument, { issuer, clientId }: Login, accepted: AcceptedAuthentication): void {
  const client = findClient(document, issuer, clientId);
  if (issuer === undefined || client === undefined) return;
  const isSame =
    client.token_endpoint_auth_method === accepted.token_endpoint_auth_method && client.basic_unencoded === accepted.basic_unencoded;
  if (!isSame) putClient(document, issuer, { ...client, ...accepted });
}

/** Stores the refresh token of an otherwise unusable response, since the old one is spent. The access token may be revoked, too. */
async function saveRotated({ refreshToken, ...stored }: LoginInDocument & { refreshToken: string }, context: Context): Promise<void> {
  const now = Math.floor(context.clock.now() / 1000);
  const { expiresAtSeconds = now } = stored.login;
  await saveRenewal({ ...stored, renewed: { ...stored.login, refreshToken, expiresAtSeconds: Math.min(expiresAtSeconds, now) } }, context);
}

/**
 * Handles RFC 6749 section 5.2 `invalid_grant`: the refresh token is spent, and is deleted.
 *
 * @returns the login that another machine has stored, if it has renewed this one in the meantime.
 * @throws AuthError `login_needed`.
 */
async function endLogin({ name, login }: LoginInDocument, { store, clock }: Context): Promise<Login> {
  const current = readLogin(findServer(await store.read(name), name));
  if (current !== undefined && current.refreshToken !== login.refreshToken) return current;
  await store.update((document) => {
    const entry = findServer(document, name);
    if (entry === undefined || readLogin(entry)?.refreshToken !== login.refreshToken) return;
    writeLogin(entry, { ...login, refreshToken: undefined, endedAtSeconds: Math.floor(clock.now() / 1000) }, name);
  }, name);
  throw createLoginNeededError(name, `The login to ${name} has expired: its refresh token was rejected`);
}

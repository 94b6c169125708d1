/** The end of a login: stores it, and tries its token. */
import type { Context } from '../context.js';
import { AuthError, hasCode, toAuthError } from '../errors.js';
import type { FlowCredentials, Grant } from '../flows/flow.js';
import { findUnattendedFlow } from '../flows/index.js';
import { isResourceFor } from '../oauth/resource.js';
import { applyTokenResponse } from '../session/renewal.js';
import { withAccessTo, writeHeaders } from '../session/server-access.js';
import { deleteClient, putClient } from '../store/clients.js';
import { findServer, putServer } from '../store/document.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';
import { writeSettings } from '../store/settings.js';
import { undoLogin, takeLoginSnapshot, type LoginChange } from '../store/undo-login.js';
import { formatCommand } from '../text/command-line.js';
import type { Agreement } from './agreement.js';
import { verifyToken, type Verification } from './verification.js';

export interface LoginResult {
  readonly login: Login;
  /** Absent if the token was not tried, or the server could not be asked. */
  readonly verification?: Verification | undefined;
}

interface Conclusion {
  readonly agreement: Agreement;
  readonly grant: Grant;
  /** Called when the login is stored. */
  readonly stored?: () => Promise<void>;
}

/**
 * Stores the login, tries its token, and only then shows a waiting browser the result. The login is stored before any response of
 * the MCP server is handled, so that it is not lost if this process ends. If the server rejects the token, the login is removed,
 * and the store is as it was.
 *
 * @throws AuthError `token_refused`, `store_unwritable`, as reading the client certificate does, and the reason of the signal.
 */
export async function concludeLogin({ agreement, grant, stored }: Conclusion, context: Context): Promise<LoginResult> {
  const { name, expandedUrl, headers, settings } = agreement;
  let change: StoredChange | undefined;
  try {
    const withAccess = await withAccessTo({ url: new URL(expandedUrl), headers, settings }, context);
    const login = createLogin(agreement, grant);
    const save = async () => {
      change = await saveLogin({ agreement, login, grant }, context);
      await stored?.();
      return change;
    };
    const verification = await saveAndVerify({ agreement, grant, save }, { context, withAccess });
    await context.store.removeMovedLogin(name);
    await grant.respondToBrowser?.();
    return { login, verification };
  } catch (error) {
    // If only the trial was interrupted, the user is logged in.
    const isLoggedIn = change !== undefined && context.signal.aborted;
    await grant.respondToBrowser?.(isLoggedIn ? undefined : toAuthError(error));
    throw error;
  }
}

async function saveAndVerify(
  { agreement, grant, save }: { agreement: Agreement; grant: Grant; save: () => Promise<StoredChange> },
  { context, withAccess }: { context: Context; withAccess: Context },
): Promise<Verification | undefined> {
  if (agreement.verify) {
    return withoutRenewals(agreement.name, async () => verifyOrUndo({ agreement, grant, change: await save() }, withAccess), context);
  }
  await save();
  return undefined;
}

/**
 * Runs `work` while no other process renews the login of `name`: neither the previous login, which may be restored, nor the new
 * one, which may be removed. If the lock cannot be had, runs it without: the user has approved already.
 */
async function withoutRenewals<T>(name: string, work: () => Promise<T>, { store }: Context): Promise<T> {
  let running: Promise<T> | undefined;
  try {
    return await store.withServerLock(name, () => (running = work()));
  } catch (error) {
    if (running !== undefined || !hasCode(error, 'store_locked', 'store_unwritable', 'store_away')) throw error;
    return work();
  }
}

/** How the store was changed, and its text before that. */
type StoredChange = LoginChange & { readonly text: string };

async function verifyOrUndo(
  { agreement, grant, change }: { agreement: Agreement; grant: Grant; change: StoredChange },
  context: Context,
): Promise<Verification | undefined> {
  const { expandedUrl, dpop } = agreement;
  try {
    return await verify({ url: new URL(expandedUrl), tokens: grant.tokens, dpop }, context);
  } catch (error) {
    if (context.signal.aborted) {
      context.ui.warn('The login is stored. Its token was not tried.');
      await context.store.removeMovedLogin(change.name);
    } else {
      await context.uninterrupted((undisturbed) => undo(change, undisturbed));
    }
    throw error;
  }
}

/** Removes the login from the store, unless another process has replaced it. */
async function undo({ text, ...change }: StoredChange, { store, ui }: Context): Promise<void> {
  try {
    // Not for this server alone: other logins may use its client.
    await store.update((document) => undoLogin(document, change), undefined, text);
  } catch (error) {
    const { message } = toAuthError(error);
    ui.warn(`The rejected login could not be removed from the store: ${message} Run: ${formatCommand`mcp-auth logout ${change.name}`}`);
  }
}

function createLogin(agreement: Agreement, { tokens, credentials = agreement.credentials }: Grant): Login {
  const { metadata, expandedUrl, resource, scope, stepUps, client, dpop, flow, allowedNetwork } = agreement;
  const isResourceOfUrl = resource !== undefined && isResourceFor(resource, new URL(expandedUrl));
  return applyTokenResponse(tokens, {
    scope,
    requestedScope: scope,
    issuer: metadata.issuer,
    resource,
    issuedFor: isResourceOfUrl ? undefined : expandedUrl,
    clientId: client.client_id,
    tokenEndpoint: metadata.token_endpoint,
    revocationEndpoint: metadata.revocation_endpoint,
    network: allowedNetwork,
    stepUps: stepUps > 0 ? stepUps : undefined,
    dpopKey: tokens.tokenType === 'dpop' ? dpop?.key : undefined,
    ...createRenewalMembers(flow, credentials),
  });
}

/** What an unattended flow needs to run again. An ID token read from stdin is not stored: it is the user's and expires soon. */
function createRenewalMembers(flow: string, credentials: FlowCredentials): Partial<Login> {
  if (findUnattendedFlow(flow) === undefined) return {};
  return {
    flow,
    workloadTokenFile: credentials.workloadTokenFile,
    idTokenFile: credentials.idTokenFile,
    identityProvider: credentials.identityProvider,
    identityProviderClientId: credentials.identityProviderClient?.client_id,
  };
}

/** Tries a token. If the server cannot be asked, warns and returns undefined, since that says nothing about the token. */
async function verify(token: Parameters<typeof verifyToken>[0], context: Context): Promise<Verification | undefined> {
  try {
    return await verifyToken(token, context);
  } catch (error) {
    if (!hasCode(error, 'server_failed', 'network_error', 'request_timed_out', 'response_invalid')) throw error;
    context.ui.warn(`The token could not be tried: ${error.message}`);
    return undefined;
  }
}

/**
 * Writes the login, its client and its settings, and reads them back.
 *
 * @throws AuthError `usage` if the server has got another URL in the meantime, `store_unwritable`.
 */
async function saveLogin(
  { agreement, login, grant }: { agreement: Agreement; login: Login; grant: Grant },
  { store, signal }: Context,
): Promise<StoredChange> {
  signal.throwIfAborted();
  const { name, url, settings, headers, metadata, client, forgottenClientId } = agreement;
  const { identityProvider, identityProviderClient } = grant.credentials ?? agreement.credentials;
  const issuers = [metadata.issuer, identityProvider].filter((issuer) => issuer !== undefined);
  const change = await store.update((document, _, text) => {
    const before = takeLoginSnapshot({ name, issuers }, document);
    const entry = putServer(document, { name, url });
    writeLogin(entry, login, name);
    writeSettings(entry, settings);
    writeHeaders(entry, headers);
    if (forgottenClientId !== undefined) deleteClient(document, metadata.issuer, forgottenClientId);
    putClient(document, metadata.issuer, { ...client, ...grant.tokens.acceptedAuthentication });
    if (identityProvider !== undefined && identityProviderClient?.client_secret !== undefined) {
      putClient(document, identityProvider, { ...identityProviderClient, obtained_by: 'pre_registration' });
    }
    return { name, text, before, after: takeLoginSnapshot({ name, issuers }, document) };
  });
  const stored = readLogin(findServer(await store.read(), name));
  if (stored?.accessToken === login.accessToken) return change;
  throw new AuthError('store_unwritable', `The login was written to ${store.path}, but is not in that file now.`, {
    hint: 'Find out which other program writes to that file.',
  });
}

/** What follows on consent: the login is stored, and its token tried. */
import type { Context } from '../context.js';
import { AuthError, hasCode, toAuthError } from '../errors.js';
import type { Grant, FlowCredentials } from '../flows/flow.js';
import { findUnattendedFlow } from '../flows/index.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import type { Dpop } from '../oauth/dpop.js';
import type { ClientInformation } from '../oauth/client-information.js';
import type { Network } from '../effects.js';
import { isResourceFor } from '../oauth/resource.js';
import { applyTokenResponse } from '../session/renewal.js';
import { withAccessTo, writeHeaders } from '../session/server-access.js';
import { deleteClient, putClient } from '../store/clients.js';
import { findServer, putServer } from '../store/document.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';
import { writeSettings, type ServerSettings } from '../store/settings.js';
import { undoLogin, takeLoginSnapshot, type LoginChange } from '../store/undo-login.js';
import { verifyToken, type Verification } from './verification.js';

/** What was settled before the tokens came. */
export interface Agreement {
  readonly name: string;
  /** As the person wrote it, which is how it is stored, and as it is used. */
  readonly url: string;
  readonly expandedUrl: string;
  /** Whether to try the token when it is stored. */
  readonly verify: boolean;
  /** What the person has said of the server, and the headers that it is sent: kept with it. */
  readonly settings: ServerSettings;
  readonly headers: Readonly<Record<string, string>>;
  /** The most private network in which its authorization server may be. */
  readonly allowedNetwork: Network;
  readonly metadata: AuthorizationServerMetadata;
  /** RFC 8707 `resource` as it was sent; undefined where none was. */
  readonly resource: string | undefined;
  /** The scopes that were asked for, joined by spaces. */
  readonly scope?: string;
  /** How often more was asked for than the login before had. */
  readonly stepUps: number;
  /** The client that the tokens are given to. */
  readonly client: ClientInformation;
  /** The id of a registration from the store that its server does not know any more. */
  readonly forgottenClientId?: string;
  readonly dpop?: Dpop;
  /** The name of the flow. */
  readonly flow: string;
  readonly credentials: FlowCredentials;
}

export interface LoginResult {
  readonly login: Login;
  /** Absent when it was not asked for, or when the server could not be asked. */
  readonly verification?: Verification;
}

/** A login that has its tokens. */
interface Conclusion {
  readonly agreement: Agreement;
  readonly grant: Grant;
  /** Called when the login is in the store. */
  readonly stored?: () => Promise<void>;
}

/**
 * Stores the login, tries its token, and only then tells a waiting browser. The login is in the store before anything of the
 * MCP server's is looked at: whatever becomes of this process then, what was approved is not lost. A token that the server
 * refuses is taken out again, and the store is as it was.
 *
 * @throws AuthError `token_refused`, `store_unwritable` …
 */
export async function concludeLogin({ agreement, grant, stored }: Conclusion, context: Context): Promise<LoginResult> {
  const { name, expandedUrl: address, headers, settings, verify } = agreement;
  let put: Untried['put'] | undefined;
  try {
    const asItWants = await withAccessTo({ url: new URL(address), headers, settings }, context);
    const login = loginOf({ agreement, grant });
    const keep = async () => {
      put = await save({ agreement, login, grant }, context);
      await stored?.();
      return put;
    };
    const verification = verify
      ? await whileNotRenewed(name, async () => tryOrTakeBack({ agreement, grant, put: await keep() }, asItWants), context)
      : (await keep(), undefined);
    await context.store.removeMovedLogin(name);
    await grant.respondToBrowser?.();
    return { login, verification };
  } catch (error) {
    // Whoever interrupts the trial alone is logged in.
    await grant.respondToBrowser?.(put !== undefined && context.signal.aborted ? undefined : toAuthError(error));
    throw error;
  }
}

/**
 * Runs `work` while no other process renews the login of `name`: neither the one before, which would come back spent, nor the new
 * one, as long as it may have to be taken out again. What has been approved does not depend on a lock that is never given back.
 */
async function whileNotRenewed<T>(name: string, work: () => Promise<T>, { store }: Context): Promise<T> {
  let begun: Promise<T> | undefined;
  try {
    return await store.withServerLock(name, () => (begun = work()));
  } catch (error) {
    if (begun !== undefined || !hasCode(error, 'store_locked', 'store_unwritable')) throw error;
    return work();
  }
}

/** A login in the store that is to be tried. */
interface Untried extends Omit<Conclusion, 'stored'> {
  readonly put: LoginChange & { readonly text: string };
}

async function tryOrTakeBack({ agreement, grant, put }: Untried, context: Context): Promise<Verification | undefined> {
  const { expandedUrl: address, dpop } = agreement;
  try {
    return await tryToken({ url: new URL(address), tokens: grant.tokens, dpop }, context);
  } catch (error) {
    if (context.signal.aborted) {
      context.ui.warn('The login is stored. Its token was not tried.');
      await context.store.removeMovedLogin(put.name);
    } else await context.uninterrupted((undisturbed) => takeOut(put, undisturbed));
    throw error;
  }
}

/** Takes the login out of the store again, unless another process has put another one in its place. */
async function takeOut({ text, ...put }: Untried['put'], { store, ui }: Context): Promise<void> {
  try {
    await store.update((document) => undoLogin(document, put), put.name, text);
  } catch (error) {
    const { message } = toAuthError(error);
    ui.warn(`The login that follows could not be taken out of the store again: ${message} Run: mcp-auth logout ${put.name}`);
  }
}

function loginOf({ agreement, grant }: { agreement: Agreement; grant: Grant }): Login {
  const {
    metadata,
    expandedUrl: address,
    resource,
    scope,
    stepUps,
    client,
    dpop,
    flow,
    credentials: proof,
    allowedNetwork: reach,
  } = agreement;
  const { tokens } = grant;
  const isNamed = resource !== undefined && isResourceFor(resource, new URL(address));
  return applyTokenResponse(tokens, {
    scope,
    requestedScope: scope,
    issuer: metadata.issuer,
    resource,
    ...(!isNamed && { issuedFor: address }),
    clientId: client.client_id,
    tokenEndpoint: metadata.token_endpoint,
    revocationEndpoint: metadata.revocation_endpoint,
    network: reach,
    ...(stepUps > 0 && { stepUps }),
    ...(tokens.tokenType === 'dpop' && { dpopKey: dpop?.key }),
    ...renewalOf({ flow, proof: grant.credentials ?? proof }),
  });
}

/** What has to be known to run an unattended flow again. A token from stdin is not: it is the person's, and soon over. */
function renewalOf({ flow, proof }: { flow: string; proof: FlowCredentials }): Partial<Login> {
  if (findUnattendedFlow(flow) === undefined) return {};
  return {
    flow,
    workloadTokenFile: proof.workloadTokenFile,
    idTokenFile: proof.idTokenFile,
    identityProvider: proof.identityProvider,
    identityProviderClientId: proof.identityProviderClient?.client_id,
  };
}

/** A token that the server refuses ends the login; a server that cannot be asked says nothing about it. */
async function tryToken(server: Parameters<typeof verifyToken>[0], context: Context): Promise<Verification | undefined> {
  try {
    return await verifyToken(server, context);
  } catch (error) {
    if (!hasCode(error, 'server_failed', 'network_error', 'request_timed_out', 'response_invalid')) throw error;
    context.ui.warn(`The token could not be tried: ${error.message}`);
    return undefined;
  }
}

/** Writes the login, unless the server has become another one while the person approved. */
async function save(
  { agreement, login, grant }: { agreement: Agreement; login: Login; grant: Grant },
  { store, signal }: Context,
): Promise<Untried['put']> {
  signal.throwIfAborted();
  const proof = grant.credentials ?? agreement.credentials;
  const grantProven = grant.tokens.acceptedAuthentication;
  const { name, url, settings, headers, metadata, client, forgottenClientId: forgotten } = agreement;
  const touched = { name, issuers: [metadata.issuer, ...(proof.identityProvider === undefined ? [] : [proof.identityProvider])] };
  const put = await store.update((document, _, text) => {
    const before = takeLoginSnapshot(touched, document);
    const entry = putServer(document, { name, url });
    writeLogin(entry, login, name);
    writeSettings(entry, settings);
    writeHeaders(entry, headers);
    if (forgotten !== undefined) deleteClient(document, metadata.issuer, forgotten);
    putClient(document, metadata.issuer, { ...client, ...grantProven });
    if (proof.identityProvider !== undefined && proof.identityProviderClient?.client_secret !== undefined) {
      putClient(document, proof.identityProvider, { ...proof.identityProviderClient, obtained_by: 'pre_registration' });
    }
    return { name, text, before, after: takeLoginSnapshot(touched, document) };
  });
  const stored = readLogin(findServer(await store.read(), name));
  if (stored?.accessToken !== login.accessToken) {
    throw new AuthError('store_unwritable', `The login was written to ${store.path} but is not there.`, {
      hint: 'See what else writes to that file.',
    });
  }
  return put;
}

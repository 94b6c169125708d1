/** Which authorization server a client, and what proves it, is for: one that a person has named, and no other. */
import type { Context } from '../context.js';
import { quoteShellWord } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { confirmIssuer } from '../flows/confirm.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { findVendor } from '../oauth/vendors/index.js';
import { readClients } from '../store/clients.js';
import type { StoreDocument } from '../store/document.js';
import type { ClientOptions, ClientRequest } from './client.js';

/** The issuer and the client of the login that the server has. */
export interface PreviousLogin {
  readonly issuer?: string;
  readonly clientId?: string;
}

/**
 * A client that was registered by hand with one issuer is not shown to another one that an MCP server names.
 *
 * @throws AuthError `client_unusable`.
 */
export function checkClientIssuer({
  login,
  document,
  metadata,
  options,
}: {
  login: PreviousLogin | undefined;
  document: StoreDocument;
  metadata: AuthorizationServerMetadata;
  options: ClientOptions;
}): void {
  if (options.isIssuerKnown) return;
  const isSame = options.clientId === undefined || options.clientId === login?.clientId;
  if (isSame) refuseForeignClient({ login, document, metadata });
  refuseClientOfAnother(options.clientId, { document, metadata });
}

/**
 * Sees to it that an authorization server that only the MCP server has named is sent no secret, nothing that a key has signed,
 * and no request without a person, until a person has named it: by `--issuer`, by a login before, or now.
 *
 * @throws AuthError `issuer_unconfirmed`.
 */
export async function confirmFirstUseOfIssuer(
  request: ClientRequest & { login: PreviousLogin | undefined; known: readonly ClientInformation[] },
  context: Context,
): Promise<void> {
  const { options, flow, metadata, serverUrl, login, known } = request;
  const { issuer } = metadata;
  const what = proofOf(options);
  if (options.isIssuerKnown) return;
  if (flow.unattended && login?.issuer !== issuer && (what !== undefined || !flow.credentialsNameIssuer)) {
    return confirmIssuer({ issuer, what: what ?? 'what proves who you are' }, context);
  }
  if (what === undefined) return;
  const isKnown = known.some(({ client_id: id, obtained_by: by }) => id === options.clientId && by === 'pre_registration');
  // The person has named the MCP server: what it says of itself at its own origin needs no other word. A vendor's one issuer for
  // everybody, as Google's, is run by nobody else.
  const isItself = new URL(issuer).origin === serverUrl.origin || (findVendor(issuer)?.issuers.includes(issuer) ?? false);
  if (!isKnown && (flow.unattended || !isItself)) await confirmIssuer({ issuer, what }, context);
}

/** What the person has given with this command for the client to prove itself by, in words. */
function proofOf({ clientId, clientSecret, privateKeyFile }: ClientOptions): string | undefined {
  if (privateKeyFile !== undefined) return 'what the key of --private-key signs';
  return clientSecret === undefined ? undefined : `the secret of the client ${clientId ?? ''}`.trim();
}

/** A client that was registered by hand with one issuer cannot be shown to the next one, nor be replaced by us. */
function refuseForeignClient({
  login,
  document,
  metadata,
}: {
  login: PreviousLogin | undefined;
  document: StoreDocument;
  metadata: AuthorizationServerMetadata;
}): void {
  if (login?.issuer === undefined || login.issuer === metadata.issuer) return;
  const client = readClients(document, login.issuer).find(({ client_id }) => client_id === login.clientId);
  if (client?.obtained_by !== 'pre_registration') return;
  throw new AuthError(
    'client_unusable',
    `The client ${client.client_id} is registered with ${login.issuer}, but the server now names ${metadata.issuer}.`,
    { hint: `If that is right, register a client with the new one and pass --client-id ID --issuer ${quoteShellWord(metadata.issuer)}` },
  );
}

/** A client of `--client-id` that the store knows from another issuer has its secret there. */
function refuseClientOfAnother(
  clientId: string | undefined,
  { document, metadata }: { document: StoreDocument; metadata: AuthorizationServerMetadata },
): void {
  const isRegisteredBy = (issuer: string) =>
    readClients(document, issuer).some((one) => one.client_id === clientId && one.obtained_by === 'pre_registration');
  if (clientId === undefined || isRegisteredBy(metadata.issuer)) return;
  const other = Object.keys(document.oauthClients ?? {}).find(isRegisteredBy);
  if (other === undefined) return;
  throw new AuthError('client_unusable', `The client ${clientId} is registered with ${other}, but the server names ${metadata.issuer}.`, {
    hint: `If that is right, pass --issuer ${quoteShellWord(metadata.issuer)}`,
  });
}

/** Checks which authorization server may receive a client and its credentials: only one that the user has named. */
import type { Context } from '../context.js';
import { quoteShellWord } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { confirmIssuer } from '../flows/confirm.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { findVendor } from '../oauth/vendors/index.js';
import { findClient } from '../store/clients.js';
import type { StoreDocument } from '../store/document.js';
import type { ClientOptions, ClientRequest } from './client.js';

/** The issuer and the client of the previous login to the server. */
export interface PreviousLogin {
  readonly issuer?: string;
  readonly clientId?: string;
}

interface ClientIssuerCheck {
  readonly previousLogin: PreviousLogin | undefined;
  readonly document: StoreDocument;
  readonly metadata: AuthorizationServerMetadata;
  readonly options: ClientOptions;
}

/**
 * Checks that a pre-registered client of one issuer is not sent to another one that the MCP server names. Nothing to check if the
 * user has named the issuer.
 *
 * @throws AuthError `client_unusable`.
 */
export function checkClientIssuer({ previousLogin, document, metadata, options }: ClientIssuerCheck): void {
  const { clientId, isIssuerKnown } = options;
  if (isIssuerKnown) return;
  if (clientId === undefined || clientId === previousLogin?.clientId) checkPreviousClient({ previousLogin, document, metadata });
  if (clientId !== undefined) checkNamedClient(clientId, { document, metadata });
}

/**
 * Checks that the user has named the authorization server before it receives a secret, or an assertion signed with a key, or a
 * request of an unattended flow: by --issuer, by a previous login, or now.
 *
 * @throws AuthError `issuer_unconfirmed`.
 */
export async function confirmFirstUseOfIssuer(
  request: ClientRequest & { readonly previousLogin: PreviousLogin | undefined; readonly known: readonly ClientInformation[] },
  context: Context,
): Promise<void> {
  const { options, flow, metadata, serverUrl, previousLogin, known } = request;
  const { issuer } = metadata;
  const credential = describeCredential(options);
  if (options.isIssuerKnown) return;
  if (flow.unattended && previousLogin?.issuer !== issuer && (credential !== undefined || !flow.credentialsNameIssuer)) {
    return confirmIssuer({ issuer, credential: credential ?? 'the credentials of this machine' }, context);
  }
  if (credential === undefined) return;
  const isKnown = known.some(({ client_id: id, obtained_by: by }) => id === options.clientId && by === 'pre_registration');
  // The user has named the MCP server, so an issuer at its own origin needs no confirmation. Nor does an issuer that a vendor
  // uses for all its customers, such as Google: only the vendor runs it.
  const isOwn = new URL(issuer).origin === serverUrl.origin || (findVendor(issuer)?.issuers.includes(issuer) ?? false);
  if (!isKnown && (flow.unattended || !isOwn)) await confirmIssuer({ issuer, credential }, context);
}

/** The credential that this command was given for the client, as the object of a sentence. */
function describeCredential({ clientId, clientSecret, privateKeyFile }: ClientOptions): string | undefined {
  if (privateKeyFile !== undefined) return 'an assertion signed with the key of --private-key';
  return clientSecret === undefined ? undefined : `the secret of the client ${clientId ?? ''}`.trim();
}

/** The pre-registered client of the previous login must not be sent to another issuer, and cannot be replaced automatically. */
function checkPreviousClient({ previousLogin, document, metadata }: Omit<ClientIssuerCheck, 'options'>): void {
  if (previousLogin?.issuer === undefined || previousLogin.issuer === metadata.issuer) return;
  const client = findClient(document, previousLogin.issuer, previousLogin.clientId);
  if (client?.obtained_by !== 'pre_registration') return;
  throw new AuthError(
    'client_unusable',
    `The client ${client.client_id} is registered with ${previousLogin.issuer}, but the server now names ${metadata.issuer}.`,
    { hint: `If that is right, register a client there and pass --client-id ID --issuer ${quoteShellWord(metadata.issuer)}` },
  );
}

/** A --client-id that the store holds for another issuer is refused, since the secret of that client must not be sent here. */
function checkNamedClient(clientId: string, { document, metadata }: Pick<ClientIssuerCheck, 'document' | 'metadata'>): void {
  const isRegisteredWith = (issuer: string) => findClient(document, issuer, clientId)?.obtained_by === 'pre_registration';
  if (isRegisteredWith(metadata.issuer)) return;
  const other = Object.keys(document.oauthClients ?? {}).find(isRegisteredWith);
  if (other === undefined) return;
  throw new AuthError('client_unusable', `The client ${clientId} is registered with ${other}, but the server names ${metadata.issuer}.`, {
    hint: `If that is right, pass --issuer ${quoteShellWord(metadata.issuer)}`,
  });
}

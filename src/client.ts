/** How this program becomes a client of an authorization server: MCP authorization 2025-11-25, "Client Registration Approaches". */
import type { Context } from './context.js';
import { AuthError } from './errors.js';
import { freeRedirectUri } from './flows/loopback.js';
import type { AuthorizationServerMetadata } from './oauth/authorization-server.js';
import { needsSecret } from './oauth/client-authentication.js';
import { clientFromMetadataDocument } from './oauth/client-metadata-document.js';
import { isUsable, requestRegistration, type ClientInformation } from './oauth/registration.js';
import { clientsOf, findServer, readLogin, type StoreDocument } from './store/document.js';

/** What the person says of the client. */
export interface ClientOptions {
  /** A client that was registered by hand, and its secret if it has one. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** The https URL of a client-ID metadata document. */
  readonly metadataUrl?: string;
  /** Register anew even if the store holds a registration. */
  readonly register?: boolean;
  /** Where the authorization response goes, to the letter. */
  readonly redirectUri?: string;
  /** RFC 7591 initial access token. */
  readonly registrationToken?: string;
}

export interface ClientRequest {
  readonly serverName: string;
  readonly metadata: AuthorizationServerMetadata;
  readonly options: ClientOptions;
}

/** A client, and whether the store had it, so that its server may have forgotten it. */
export interface ObtainedClient {
  readonly client: ClientInformation;
  readonly reused: boolean;
}

/** One way; undefined when it cannot be used here. */
type Way = (request: ClientRequest, situation: { document: StoreDocument; context: Context }) => Promise<ObtainedClient | undefined>;

/** The ways in the specification's order, with what is in the store before what costs a request. */
const ways: readonly Way[] = [preRegistered, metadataDocument, fromStore, dynamic];

/**
 * The client to log in with. A registration belongs to the issuer that made it, and is never shown to another.
 *
 * @throws AuthError `registration_unsupported` with what to pass when there is no way, `client_unusable` when a secret is
 * missing or a client is another issuer's, and what registering throws.
 */
export async function obtainClient(request: ClientRequest, context: Context): Promise<ObtainedClient> {
  const document = await context.store.read();
  for (const way of ways) {
    const obtained = await way(request, { document, context });
    if (obtained) return obtained;
  }
  throw new AuthError('registration_unsupported', `${request.metadata.issuer} lets no client register itself.`, {
    hint: 'Register a client there by hand and pass --client-id ID (its secret in MCP_AUTH_CLIENT_SECRET), or --client-metadata-url URL.',
  });
}

/** The client of `--client-id`. A secret that is needed is asked for now, not after the person has approved. */
async function preRegistered({ metadata, options }: ClientRequest, { context }: { context: Context }): Promise<ObtainedClient | undefined> {
  if (options.clientId === undefined) return undefined;
  const needed = !options.clientSecret && needsSecret(metadata);
  const typed =
    needed && context.ui.input === 'terminal'
      ? await context.ui.ask({ message: 'Client secret:', secret: true, signal: context.signal })
      : undefined;
  const secret = needed ? typed : options.clientSecret;
  if (needed && !secret) {
    throw new AuthError('client_unusable', `${metadata.issuer} wants a secret of the client ${options.clientId}, and none was given.`, {
      hint: 'Set MCP_AUTH_CLIENT_SECRET, or give it on stdin with --client-secret-stdin.',
    });
  }
  const redirectUri = options.redirectUri ?? (await freeRedirectUri());
  const client: ClientInformation = { client_id: options.clientId, redirect_uris: [redirectUri], obtained_by: 'pre_registration' };
  return { client: secret ? { ...client, client_secret: secret } : client, reused: false };
}

/** The client of `--client-metadata-url`, where the authorization server reads such documents. */
async function metadataDocument({ metadata, options }: ClientRequest): Promise<ObtainedClient | undefined> {
  if (options.metadataUrl === undefined || metadata.client_id_metadata_document_supported !== true) return undefined;
  const redirectUri = options.redirectUri ?? (await freeRedirectUri());
  return { client: clientFromMetadataDocument({ url: options.metadataUrl, redirectUri }), reused: false };
}

/** What an earlier login at this issuer left, the server's own client first. */
function fromStore(
  { serverName, metadata, options }: ClientRequest,
  { document, context }: { document: StoreDocument; context: Context },
): Promise<ObtainedClient | undefined> {
  const login = readLogin(findServer(document, serverName));
  if (login?.issuer !== undefined && login.issuer !== metadata.issuer) refuseForeignClient(login, { document, metadata });
  if (options.register) return Promise.resolve(undefined);
  const usable = clientsOf(document, metadata.issuer).filter(
    (client) =>
      isUsable(client, { metadata, now: context.clock.now() }) &&
      (options.redirectUri === undefined || client.redirect_uris?.[0] === options.redirectUri),
  );
  const client = usable.find(({ client_id }) => client_id === login?.clientId) ?? usable[0];
  return Promise.resolve(client && { client, reused: true });
}

async function dynamic({ metadata, options }: ClientRequest, { context }: { context: Context }): Promise<ObtainedClient | undefined> {
  if (metadata.registration_endpoint === undefined) return undefined;
  const redirectUri = options.redirectUri ?? (await freeRedirectUri());
  const client = await requestRegistration({ metadata, redirectUri, initialAccessToken: options.registrationToken }, context);
  return { client, reused: false };
}

/** A client that was registered by hand with one issuer cannot be shown to the next one, nor be replaced by us. */
function refuseForeignClient(
  login: { issuer?: string; clientId?: string },
  { document, metadata }: { document: StoreDocument; metadata: AuthorizationServerMetadata },
): void {
  const client = clientsOf(document, login.issuer ?? '').find(({ client_id }) => client_id === login.clientId);
  if (client?.obtained_by !== 'pre_registration') return;
  throw new AuthError(
    'client_unusable',
    `The client ${client.client_id} is registered with ${login.issuer}, but the server now names ${metadata.issuer}.`,
    {
      hint: 'If that is right, register a client with the new one and pass --client-id ID.',
    },
  );
}

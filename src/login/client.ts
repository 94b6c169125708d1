/** Becoming a client of an authorization server: MCP authorization 2025-11-25, "Client Registration Approaches". */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { isSameSite } from '../http/site.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import type { Flow, Relay } from '../flows/flow.js';
import { findFreeRedirectUri } from '../flows/loopback.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import { chooseAuthenticationMethod, requiresClientAuthentication } from '../oauth/client-authentication.js';
import { createMetadataDocumentClient } from '../oauth/client-metadata-document.js';
import { isUsableRegistration, canRegisterForGrant, requestRegistration } from '../oauth/registration.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { findVendor } from '../oauth/vendors/index.js';
import { parseSigningKey } from '../oauth/signing-key.js';
import { clientIdOf, redirectUriOf } from '../relay-protocol/messages.js';
import { readClients } from '../store/clients.js';
import { findServer } from '../store/document.js';
import { readLogin } from '../store/login.js';
import { checkClientIssuer, confirmFirstUseOfIssuer, type PreviousLogin } from './client-issuer.js';

/** What the options of the command say about the client. */
export interface ClientOptions {
  /** A pre-registered client, and its secret if it has one. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** The absolute path of the private key that the client signs with. */
  readonly privateKeyFile?: string;
  /** The https URL of a client ID metadata document: from the command line, and from the preferences. */
  readonly clientMetadataUrl?: string;
  readonly preferredClientMetadataUrl?: string;
  /** Register again even if the store has a registration. */
  readonly register?: boolean;
  /** The redirect URI, used byte for byte. */
  readonly redirectUri?: string;
  /** The relay that the response is to come back to, for clients that are not registered by hand. */
  readonly relay?: Relay | undefined;
  /** RFC 7591 initial access token. Sent only with --issuer. */
  readonly registrationToken?: string;
  /** Whether the user has named the authorization server. */
  readonly isIssuerKnown?: boolean;
  /** RFC 7591 `token_endpoint_auth_method`, if the user has chosen one. */
  readonly tokenAuthMethod?: string | undefined;
  /** Whether there is a TLS client certificate for client authentication (RFC 8705). */
  readonly hasCertificate?: boolean;
}

export interface ClientRequest {
  readonly serverName: string;
  readonly serverUrl: URL;
  /** RFC 8707 resource of the server. A registration is for one resource. */
  readonly resource: string;
  readonly metadata: AuthorizationServerMetadata;
  readonly options: ClientOptions;
  /** The flow that the client is for. */
  readonly flow: Pick<Flow, 'name' | 'client' | 'grantType' | 'unattended' | 'credentialsNameIssuer'>;
  /** Every scope that the client may request. */
  readonly scopes: readonly string[];
}

export interface ObtainedClient {
  readonly client: ClientInformation;
  /** Whether it comes from the store; its authorization server may have deleted it. */
  readonly isReused: boolean;
  /** Whether an authorization server that is not the MCP server's own may know it from a login to another MCP server. */
  readonly isShared: boolean;
}

type FoundClient = Omit<ObtainedClient, 'isShared'>;

/** What the store has about the server and the issuer. */
interface ClientSources {
  readonly previousLogin: PreviousLogin | undefined;
  /** The clients that are registered with this issuer. They are never sent to another one. */
  readonly known: readonly ClientInformation[];
  readonly context: Context;
}

/** One approach to becoming a client. Undefined if it cannot be used. */
type RegistrationApproach = (request: ClientRequest, sources: ClientSources) => Promise<FoundClient | undefined>;

/** In the order of the specification; the store comes before anything that needs a request. */
const approaches: readonly RegistrationApproach[] = [
  usePreRegistered,
  reusePreRegistered,
  useMetadataDocument,
  reuseRegistration,
  registerDynamically,
];

/**
 * Returns the client to log in with. A registration belongs to the issuer that made it, and is never sent to another one.
 *
 * @throws AuthError `registration_unsupported` if no approach can be used, `client_unusable` if a secret is missing or the client
 * belongs to another issuer, `issuer_unconfirmed`, `key_unusable`, and as `requestRegistration` does.
 */
export async function obtainClient(request: ClientRequest, context: Context): Promise<ObtainedClient> {
  const { serverName, metadata, options } = request;
  const document = await context.store.read();
  const login = readLogin(findServer(document, serverName));
  // The issuer and the client of an imported login are claims of the document, not of this user.
  const previousLogin = login?.importedSecretFingerprint === undefined ? login : undefined;
  const known = readClients(document, metadata.issuer);
  checkClientIssuer({ previousLogin, document, metadata, options });
  await confirmFirstUseOfIssuer({ ...request, previousLogin, known }, context);
  for (const approach of approaches) {
    const found = await approach(request, { previousLogin, known, context });
    if (found) {
      return { ...found, client: applyAuthMethod(found.client, options), isShared: isShared(found.client, request, previousLogin) };
    }
  }
  throw createNoClientError(request);
}

function createNoClientError({ metadata, flow }: ClientRequest): AuthError {
  const byHand =
    'Register a client there by hand and pass --client-id ID (its secret in MCP_AUTH_CLIENT_SECRET, or its --private-key FILE)';
  const byDocument = metadata.client_id_metadata_document_supported === true ? ', or --client-metadata-url URL' : '';
  if (flow.client !== 'any') {
    return new AuthError('client_unusable', `--flow ${flow.name} requires a client that is registered with ${metadata.issuer}.`, {
      hint: `${byHand}.`,
    });
  }
  return new AuthError('registration_unsupported', `${metadata.issuer} does not support dynamic client registration.`, {
    hint: findVendor(metadata.issuer)?.needs.registration?.value ?? `${byHand}${byDocument}.`,
  });
}

/** Whether the authorization server may take consent that was given to this client for another MCP server as consent for this one. */
function isShared(
  client: ClientInformation,
  { serverUrl, metadata, resource }: ClientRequest,
  previousLogin: PreviousLogin | undefined,
): boolean {
  const isOwn = isSameSite(new URL(metadata.issuer), serverUrl) || client.registered_for === resource;
  return !isOwn && !isClientOfLogin(client, previousLogin, metadata.issuer);
}

function isClientOfLogin({ client_id: id }: ClientInformation, previousLogin: PreviousLogin | undefined, issuer: string): boolean {
  return previousLogin?.issuer === issuer && previousLogin.clientId === id;
}

/** The client of --client-id, with what the store has about it. A required secret is asked for now, before the user approves. */
async function usePreRegistered(
  { metadata, options, flow }: ClientRequest,
  { known, context }: ClientSources,
): Promise<FoundClient | undefined> {
  const { clientId, clientSecret, privateKeyFile } = options;
  if (clientId === undefined) return undefined;
  const stored = known.find(({ client_id, obtained_by }) => client_id === clientId && obtained_by !== 'import');
  const credentials =
    clientSecret || privateKeyFile
      ? { client_secret: clientSecret, private_key_file: privateKeyFile }
      : { client_secret: stored?.client_secret, private_key_file: stored?.private_key_file };
  const hasCredentials = Boolean(credentials.client_secret ?? credentials.private_key_file);
  const needsNone = options.hasCertificate ?? options.tokenAuthMethod === 'none';
  const isRequired = flow.client === 'confidential';
  if (!hasCredentials && !needsNone && (isRequired || requiresClientAuthentication(metadata))) {
    credentials.client_secret = await askSecret({ clientId, metadata, isRequired }, context);
  }
  const redirectUris = [await chooseRedirectUri(options, stored)];
  const client: ClientInformation = {
    client_id: clientId,
    ...removeUndefined(credentials),
    redirect_uris: redirectUris,
    obtained_by: 'pre_registration',
  };
  return { client: await withAuthMethod(client, { metadata, options, stored, context }), isReused: false };
}

/** The pre-registered client of the previous login to this server. */
function reusePreRegistered({ options }: ClientRequest, { previousLogin, known }: ClientSources): Promise<FoundClient | undefined> {
  const own = known.find(({ client_id, obtained_by }) => client_id === previousLogin?.clientId && obtained_by === 'pre_registration');
  const { register, clientMetadataUrl, redirectUri } = options;
  if (own === undefined || register || clientMetadataUrl !== undefined) return Promise.resolve(undefined);
  const client = applyAuthMethod(own, options);
  return Promise.resolve({ client: redirectUri === undefined ? client : { ...client, redirect_uris: [redirectUri] }, isReused: false });
}

/** The client of --client-metadata-url, if the authorization server supports client ID metadata documents. */
async function useMetadataDocument(
  { metadata, options }: ClientRequest,
  { known, context }: ClientSources,
): Promise<FoundClient | undefined> {
  const relayed = findRelayClient(options);
  const url = options.clientMetadataUrl ?? options.preferredClientMetadataUrl ?? relayed?.url;
  if (url === undefined || metadata.client_id_metadata_document_supported !== true) return undefined;
  const stored = known.find(({ client_id }) => client_id === url);
  const redirectUri = url === relayed?.url ? relayed.redirectUri : await chooseRedirectUri(options, stored);
  const document = createMetadataDocumentClient({ url, redirectUri });
  const client = { ...document, ...removeUndefined({ private_key_file: options.privateKeyFile }) };
  return { client: await withAuthMethod(client, { metadata, options, context }), isReused: false };
}

/** The client-ID metadata document that a relay publishes: its redirect URI is in it. Authorization servers fetch it by https. */
export function findRelayClient({
  relay,
  redirectUri,
}: Pick<ClientOptions, 'relay' | 'redirectUri'>): { url: string; redirectUri: string } | undefined {
  if (relay === undefined || redirectUri !== undefined || !relay.url.startsWith('https:')) return undefined;
  return { url: clientIdOf(relay.url), redirectUri: redirectUriOf(relay.url) };
}

/**
 * The stored registration of an earlier login to this server. A registration for another server is not used: an authorization
 * server that remembers consent per client would not ask the user, and this server would receive a token for the other one.
 */
function reuseRegistration(
  { metadata, options, flow, resource }: ClientRequest,
  { previousLogin, known, context }: ClientSources,
): Promise<FoundClient | undefined> {
  if (options.register) return Promise.resolve(undefined);
  // Pre-registered clients are used only by flows that require one, and only by those.
  const fitsFlow = ({ obtained_by: by }: ClientInformation) =>
    flow.client === 'any' ? by !== 'pre_registration' : by === 'pre_registration';
  const isForServer = (client: ClientInformation) =>
    // Older versions have not stored the resource: the login tells then.
    client.registered_for === undefined ? isClientOfLogin(client, previousLogin, metadata.issuer) : client.registered_for === resource;
  const usable = known
    .map((client) => applyAuthMethod(client, options))
    .filter((client) => client.obtained_by !== 'import' && fitsFlow(client) && isForServer(client))
    .filter(
      (client) => isUsableRegistration(client, { metadata, now: context.clock.now() }) && !canRegisterForGrant(client, flow.grantType),
    )
    .filter((client) => hasWantedRedirect(client, options));
  const client = usable.find(({ client_id }) => client_id === previousLogin?.clientId) ?? usable[0];
  return Promise.resolve(client && { client, isReused: true });
}

/** A registration for a relay is used only with that relay, and every other one only without. */
function hasWantedRedirect(
  { redirect_uris: [uri] = [], relayed = false }: ClientInformation,
  { redirectUri, relay }: ClientOptions,
): boolean {
  if (redirectUri !== undefined) return uri === redirectUri;
  return relay === undefined ? !relayed : uri === redirectUriOf(relay.url);
}

/** The authentication method that the user has chosen also applies to a stored client. */
function applyAuthMethod(client: ClientInformation, { tokenAuthMethod: method }: ClientOptions): ClientInformation {
  return method === undefined ? client : { ...client, token_endpoint_auth_method: method };
}

/** Dynamic registration. Keeps the redirect URI of the previous registration, so that a forwarded port stays the same. */
async function registerDynamically(
  { metadata, options, flow, scopes, resource }: ClientRequest,
  { previousLogin, known, context }: ClientSources,
): Promise<FoundClient | undefined> {
  if (metadata.registration_endpoint === undefined || flow.client !== 'any') return undefined;
  const registered = known.filter(({ obtained_by, relayed }) => obtained_by === 'dynamic_registration' && relayed !== true);
  const own = registered.find(({ client_id }) => client_id === previousLogin?.clientId);
  // The redirect URI of another server's registration is only used if it is a port of this machine.
  const relayed = options.redirectUri === undefined && options.relay !== undefined;
  const redirectUri = relayed
    ? redirectUriOf(options.relay.url)
    : await chooseRedirectUri(options, own ?? registered.find(hasLoopbackRedirect));
  // Sent only with --issuer: otherwise any server that an MCP server names could ask for it.
  const initialAccessToken = options.isIssuerKnown ? options.registrationToken : undefined;
  const { tokenAuthMethod: method, hasCertificate } = options;
  const client = await requestRegistration({ metadata, redirectUri, scopes, initialAccessToken, method, hasCertificate }, context);
  return { client: { ...client, registered_for: resource, ...(relayed && { relayed }) }, isReused: false };
}

function hasLoopbackRedirect({ redirect_uris: [uri] = [] }: ClientInformation): boolean {
  return uri !== undefined && isLoopbackUrl(new URL(uri));
}

/** The redirect URI that the user has named, or the stored one byte for byte, or one with a free port. */
async function chooseRedirectUri({ redirectUri }: ClientOptions, stored: ClientInformation | undefined): Promise<string> {
  return redirectUri ?? stored?.redirect_uris?.[0] ?? findFreeRedirectUri();
}

/**
 * Asks for the client secret, if there is a terminal. Some servers have public clients although their metadata does not say so:
 * without a secret, the client is tried as a public one, unless the flow requires a secret.
 *
 * @throws AuthError `client_unusable`.
 */
async function askSecret(
  { clientId, metadata, isRequired }: { clientId: string; metadata: AuthorizationServerMetadata; isRequired: boolean },
  { ui, signal }: Context,
): Promise<string | undefined> {
  const { host } = new URL(metadata.issuer);
  const message = `Secret of the client at ${host}${isRequired ? '' : ' (none for a public client)'}:`;
  const secret = ui.input === 'terminal' ? await ui.ask({ message, secret: true, signal }) : undefined;
  if (secret) return secret;
  const hint = 'Set MCP_AUTH_CLIENT_SECRET, or pass it on stdin with --client-secret-stdin, or pass --private-key FILE.';
  if (isRequired) {
    throw new AuthError(
      'client_unusable',
      `The client ${clientId} requires a client secret or key for ${metadata.issuer}, and none was given.`,
      {
        hint,
      },
    );
  }
  if (ui.input !== 'terminal') {
    ui.warn(`${metadata.issuer} does not list clients without a secret as supported. Continuing without one. ${hint}`);
  }
  return undefined;
}

interface AuthMethodSources {
  readonly metadata: AuthorizationServerMetadata;
  readonly options: ClientOptions;
  readonly stored?: ClientInformation | undefined;
  readonly context: Context;
}

/**
 * The client with its authentication method, which a refresh needs when it has no metadata: the method that the user has chosen,
 * or that has worked with the same credentials, or that the server supports. A private key is checked now.
 *
 * @throws AuthError `file_unreadable`, `key_unusable`.
 */
async function withAuthMethod(
  client: ClientInformation,
  { metadata, options, stored, context }: AuthMethodSources,
): Promise<ClientInformation> {
  const hasSameCredentials = client.client_secret === stored?.client_secret && client.private_key_file === stored?.private_key_file;
  const accepted = stored !== undefined && hasSameCredentials ? stored : undefined;
  const method =
    options.tokenAuthMethod ??
    accepted?.token_endpoint_auth_method ??
    chooseCertificateMethod(options, metadata) ??
    chooseAuthenticationMethod(client, metadata);
  const chosen = {
    ...client,
    ...removeUndefined({ basic_unencoded: accepted?.basic_unencoded }),
    token_endpoint_auth_method: method,
  };
  if (client.private_key_file === undefined) return chosen;
  const text = await context.files.readText(client.private_key_file, 'The private key');
  const { algorithm } = await parseSigningKey(text, metadata.token_endpoint_auth_signing_alg_values_supported);
  return { ...chosen, token_endpoint_auth_signing_alg: algorithm };
}

/** RFC 8705: the method for a TLS client certificate, if the server supports one and there are no other credentials. */
function chooseCertificateMethod(
  { hasCertificate, clientSecret, privateKeyFile }: ClientOptions,
  metadata: AuthorizationServerMetadata,
): string | undefined {
  if (!hasCertificate || clientSecret !== undefined || privateKeyFile !== undefined) return undefined;
  return metadata.token_endpoint_auth_methods_supported?.find((name) => /^(self_signed_)?tls_client_auth$/.test(name));
}

/** `members` without those that are undefined. */
function removeUndefined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}

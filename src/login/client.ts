/** How this program becomes a client of an authorization server: MCP authorization 2025-11-25, "Client Registration Approaches". */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { isSameSite } from '../http/site.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import type { Flow } from '../flows/flow.js';
import { findFreeRedirectUri } from '../flows/loopback.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import { chooseAuthenticationMethod, requiresClientAuthentication } from '../oauth/client-authentication.js';
import { createMetadataDocumentClient } from '../oauth/client-metadata-document.js';
import { isUsableRegistration, canRegisterForGrant, requestRegistration } from '../oauth/registration.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { findVendor } from '../oauth/vendors/index.js';
import { parseSigningKey } from '../oauth/signing-key.js';
import { readClients } from '../store/clients.js';
import { findServer } from '../store/document.js';
import { readLogin } from '../store/login.js';
import { checkClientIssuer, confirmFirstUseOfIssuer } from './client-issuer.js';

/** What the person says of the client. */
export interface ClientOptions {
  /** A client that was registered by hand, and its secret if it has one. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** The absolute path of the private key that the client signs with. */
  readonly privateKeyFile?: string;
  /** The https URL of a client-ID metadata document: of this command line, and the one that every login prefers. */
  readonly clientMetadataUrl?: string;
  readonly preferredClientMetadataUrl?: string;
  /** Register anew even if the store holds a registration. */
  readonly register?: boolean;
  /** Where the authorization response goes, to the letter. */
  readonly redirectUri?: string;
  /** RFC 7591 initial access token, for an issuer that the person has named. */
  readonly registrationToken?: string;
  /** The person has named the authorization server. */
  readonly isIssuerKnown?: boolean;
  /** RFC 7591 `token_endpoint_auth_method`, where the person has said which. */
  readonly tokenAuthMethod?: string | undefined;
  /** Whether there is a TLS client certificate to be known by (RFC 8705). */
  readonly hasCertificate?: boolean;
}

export interface ClientRequest {
  readonly serverName: string;
  readonly serverUrl: URL;
  /** RFC 8707 resource of the server: a registration is for one of them. */
  readonly resource: string;
  readonly metadata: AuthorizationServerMetadata;
  readonly options: ClientOptions;
  /** The flow that the client is wanted for. */
  readonly flow: Pick<Flow, 'name' | 'client' | 'grantType' | 'unattended' | 'credentialsNameIssuer'>;
  /** What the client may come to ask for. */
  readonly scopes: readonly string[];
}

/** A client, and whether the store had it, so that its server may have forgotten it. */
export interface ObtainedClient {
  readonly client: ClientInformation;
  readonly isReused: boolean;
  /** Whether its authorization server, which is not the MCP server's own, may know it from a login to another MCP server. */
  readonly isShared: boolean;
}

/** What one way gives. */
type Found = Omit<ObtainedClient, 'isShared'>;

/** What the store knows of the server and of the issuer. */
interface Situation {
  readonly login: { readonly issuer?: string; readonly clientId?: string } | undefined;
  /** The registrations at this issuer, which are shown to no other. */
  readonly known: readonly ClientInformation[];
  readonly context: Context;
}

/** One way; undefined when it cannot be used here. */
type Way = (request: ClientRequest, situation: Situation) => Promise<Found | undefined>;

/** The ways in the specification's order, with what is in the store before what costs a request. */
const ways: readonly Way[] = [preRegistered, preRegisteredBefore, metadataDocument, registeredBefore, dynamic];

/**
 * The client to log in with. A registration belongs to the issuer that made it, and is never shown to another.
 *
 * @throws AuthError `registration_unsupported` with what to pass when there is no way, `client_unusable` when a secret is
 * missing or a client is another issuer's, `key_unusable`, and what registering throws.
 */
export async function obtainClient(request: ClientRequest, context: Context): Promise<ObtainedClient> {
  const { serverName, metadata, options, flow } = request;
  const document = await context.store.read();
  // That a document names an issuer and a client, nobody here has said.
  const stored = readLogin(findServer(document, serverName));
  const login = stored?.importedSecretFingerprint === undefined ? stored : undefined;
  const known = readClients(document, metadata.issuer);
  checkClientIssuer({ login, document, metadata, options });
  await confirmFirstUseOfIssuer({ ...request, login, known }, context);
  for (const way of ways) {
    const obtained = await way(request, { login, known, context });
    if (obtained) return { ...obtained, client: asSaid(obtained.client, options), isShared: isShared(obtained.client, request, login) };
  }
  const byHand =
    'Register a client there by hand and pass --client-id ID (its secret in MCP_AUTH_CLIENT_SECRET, or its --private-key FILE)';
  const byDocument = metadata.client_id_metadata_document_supported === true ? ', or --client-metadata-url URL' : '';
  if (flow.client !== 'any') {
    throw new AuthError('client_unusable', `--flow ${flow.name} takes a client that is known to ${metadata.issuer}.`, {
      hint: `${byHand}.`,
    });
  }
  throw new AuthError('registration_unsupported', `${metadata.issuer} lets no client register itself.`, {
    hint: findVendor(metadata.issuer)?.needs.registration?.value ?? `${byHand}${byDocument}.`,
  });
}

/** Whether consent that was given to this client for another MCP server may be taken for consent to this one. */
function isShared(client: ClientInformation, { serverUrl, metadata, resource }: ClientRequest, login: Situation['login']): boolean {
  const isOwn = isSameSite(new URL(metadata.issuer), serverUrl) || client.registered_for === resource;
  return !isOwn && !(login?.issuer === metadata.issuer && login.clientId === client.client_id);
}

/**
 * The client of `--client-id`, with what the store still knows of it. A secret that is needed is asked for now, not after
 * the person has approved.
 */
async function preRegistered({ metadata, options, flow }: ClientRequest, { known, context }: Situation): Promise<Found | undefined> {
  const { clientId, clientSecret, privateKeyFile } = options;
  if (clientId === undefined) return undefined;
  const before = known.find(({ client_id, obtained_by }) => client_id === clientId && obtained_by !== 'import');
  const proof =
    clientSecret || privateKeyFile
      ? { client_secret: clientSecret, private_key_file: privateKeyFile }
      : { client_secret: before?.client_secret, private_key_file: before?.private_key_file };
  const hasProof = Boolean(proof.client_secret ?? proof.private_key_file);
  const provesOtherwise = options.hasCertificate ?? options.tokenAuthMethod === 'none';
  if (!hasProof && !provesOtherwise && (flow.client === 'confidential' || requiresClientAuthentication(metadata))) {
    proof.client_secret = await askSecret({ clientId, metadata, required: flow.client === 'confidential' }, context);
  }
  const client = { client_id: clientId, ...defined(proof), redirect_uris: [await redirectUriFor(options, before)] };
  return { client: await settled({ ...client, obtained_by: 'pre_registration' }, { metadata, options, before, context }), isReused: false };
}

/** The client that was registered by hand for this server's last login. */
function preRegisteredBefore(request: ClientRequest, { login, known }: Situation): Promise<Found | undefined> {
  const own = known.find(({ client_id, obtained_by }) => client_id === login?.clientId && obtained_by === 'pre_registration');
  const { register, clientMetadataUrl: metadataUrl, redirectUri } = request.options;
  if (own === undefined || register || metadataUrl !== undefined) return Promise.resolve(undefined);
  const client = asSaid(own, request.options);
  return Promise.resolve({ client: redirectUri === undefined ? client : { ...client, redirect_uris: [redirectUri] }, isReused: false });
}

/** The client of `--client-metadata-url`, where the authorization server reads such documents. */
async function metadataDocument({ metadata, options }: ClientRequest, { known, context }: Situation): Promise<Found | undefined> {
  const { clientMetadataUrl: metadataUrl, preferredClientMetadataUrl: preferredMetadataUrl, privateKeyFile } = options;
  const url = metadataUrl ?? preferredMetadataUrl;
  if (url === undefined || metadata.client_id_metadata_document_supported !== true) return undefined;
  const redirectUri = await redirectUriFor(
    options,
    known.find(({ client_id }) => client_id === url),
  );
  const client = { ...createMetadataDocumentClient({ url, redirectUri }), ...defined({ private_key_file: privateKeyFile }) };
  return { client: await settled(client, { metadata, options, context }), isReused: false };
}

/**
 * What an earlier login to this server left. A registration that another server's login was made with is not used: one that
 * remembers consent by client would ask nothing, and whoever runs this server would be given a token of the other's.
 */
function registeredBefore(
  { metadata, options, flow, resource }: ClientRequest,
  { login, known, context }: Situation,
): Promise<Found | undefined> {
  if (options.register) return Promise.resolve(undefined);
  const usable = known
    .map((client) => asSaid(client, options))
    .filter(
      (client) =>
        isFor(client, { resource, issuer: metadata.issuer, login }) &&
        isUsableRegistration(client, { metadata, now: context.clock.now() }) &&
        !canRegisterForGrant(client, flow.grantType) &&
        client.obtained_by !== 'import' &&
        // One that was registered by hand is for what it was registered for.
        (flow.client === 'any') === (client.obtained_by !== 'pre_registration') &&
        (options.redirectUri === undefined || client.redirect_uris?.[0] === options.redirectUri),
    );
  const client = usable.find(({ client_id }) => client_id === login?.clientId) ?? usable[0];
  return Promise.resolve(client && { client, isReused: true });
}

/** Whether a registration is for this server: by its own word, or, for those of before, by the login that was made with it. */
function isFor(
  { client_id: id, registered_for: resource }: ClientInformation,
  { login, ...wanted }: { resource: string; issuer: string; login: Situation['login'] },
): boolean {
  if (resource !== undefined) return resource === wanted.resource;
  return login?.clientId === id && login.issuer === wanted.issuer;
}

/** The person's word on how a client proves itself goes for one that is there already, too. */
function asSaid(client: ClientInformation, { tokenAuthMethod: method }: ClientOptions): ClientInformation {
  return method === undefined ? client : { ...client, token_endpoint_auth_method: method };
}

/** Dynamic registration, with the redirect URI of the registration before, if there was one: a forwarded port stays right. */
async function dynamic(
  { metadata, options, flow, scopes, resource }: ClientRequest,
  { login, known, context }: Situation,
): Promise<Found | undefined> {
  if (metadata.registration_endpoint === undefined || flow.client !== 'any') return undefined;
  const registered = known.filter(({ obtained_by }) => obtained_by === 'dynamic_registration');
  const own = registered.find(({ client_id }) => client_id === login?.clientId);
  // What another server was registered with is a port of this machine, or nothing of ours.
  const redirectUri = await redirectUriFor(options, own ?? registered.find(isOnThisMachine));
  // It is for one authorization server, and whoever an MCP server names may ask for it.
  const initialAccessToken = options.isIssuerKnown ? options.registrationToken : undefined;
  const { tokenAuthMethod: method, hasCertificate } = options;
  const client = await requestRegistration({ metadata, redirectUri, scopes, initialAccessToken, method, hasCertificate }, context);
  return { client: { ...client, registered_for: resource }, isReused: false };
}

function isOnThisMachine({ redirect_uris: [uri] = [] }: ClientInformation): boolean {
  return uri !== undefined && isLoopbackUrl(new URL(uri));
}

/** The redirect URI that was asked for, or the one of last time to the letter, or one of a free port. */
async function redirectUriFor({ redirectUri }: ClientOptions, before: ClientInformation | undefined): Promise<string> {
  return redirectUri ?? before?.redirect_uris?.[0] ?? findFreeRedirectUri();
}

/**
 * The secret, where somebody can be asked for it. Servers have public clients though they do not list them, so that a
 * client without a secret is tried as one, unless the flow takes none.
 */
async function askSecret(
  { clientId, metadata, required }: { clientId: string; metadata: AuthorizationServerMetadata; required: boolean },
  { ui, signal }: Context,
): Promise<string | undefined> {
  const { host } = new URL(metadata.issuer);
  const message = `Secret of the client at ${host}${required ? '' : ' (none for a public client)'}:`;
  const secret = ui.input === 'terminal' ? await ui.ask({ message, secret: true, signal }) : undefined;
  if (secret) return secret;
  const hint = 'Set MCP_AUTH_CLIENT_SECRET, or give it on stdin with --client-secret-stdin, or pass --private-key FILE.';
  if (required)
    throw new AuthError('client_unusable', `The client ${clientId} has to prove itself to ${metadata.issuer}, and no secret was given.`, {
      hint,
    });
  if (ui.input !== 'terminal') ui.warn(`${metadata.issuer} lists no clients without a secret. Going on without one. ${hint}`);
  return undefined;
}

/**
 * The client with its way of proving itself, which a refresh has to know when the metadata is not at hand: the one that the
 * person says, or that has worked before with the same proof. A key is tried now.
 */
async function settled(
  client: ClientInformation,
  {
    metadata,
    options,
    before,
    context,
  }: { metadata: AuthorizationServerMetadata; options: ClientOptions; before?: ClientInformation | undefined; context: Context },
): Promise<ClientInformation> {
  const isSame =
    before !== undefined && before.client_secret === client.client_secret && before.private_key_file === client.private_key_file;
  const known = isSame ? { token_endpoint_auth_method: before.token_endpoint_auth_method, basic_unencoded: before.basic_unencoded } : {};
  const method =
    options.tokenAuthMethod ??
    known.token_endpoint_auth_method ??
    methodByCertificate(options, metadata) ??
    chooseAuthenticationMethod(client, metadata);
  const settledOn = { ...client, ...defined(known), token_endpoint_auth_method: method };
  if (client.private_key_file === undefined) return settledOn;
  const text = await context.files.readText(client.private_key_file, 'The private key');
  const { algorithm } = await parseSigningKey(text, metadata.token_endpoint_auth_signing_alg_values_supported);
  return { ...settledOn, token_endpoint_auth_signing_alg: algorithm };
}

/** RFC 8705: a certificate is proof enough where the server takes it for one, and there is no other. */
function methodByCertificate(
  { hasCertificate, clientSecret, privateKeyFile }: ClientOptions,
  metadata: AuthorizationServerMetadata,
): string | undefined {
  if (!hasCertificate || clientSecret !== undefined || privateKeyFile !== undefined) return undefined;
  return metadata.token_endpoint_auth_methods_supported?.find((name) => /^(self_signed_)?tls_client_auth$/.test(name));
}

/** `members` without those that are undefined. */
function defined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}

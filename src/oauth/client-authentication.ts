/** Client authentication at the token endpoint: RFC 6749 section 2.3, RFC 7523 section 2.2, RFC 8705, OpenID Connect Core section 9. */
import { ClientSecretPost, modifyAssertion, None, PrivateKeyJwt, TlsClientAuth, type ClientAuth } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { rejectsClientAuthentication } from './error-response.js';
import { OAuthError } from './oauth-error.js';
import type { ClientInformation } from './client-information.js';
import { parseSigningKey } from './signing-key.js';

/** The authentication methods in an authorization server's metadata. */
type ServerMethods = Pick<
  AuthorizationServerMetadata,
  'token_endpoint_auth_methods_supported' | 'token_endpoint_auth_signing_alg_values_supported'
>;

/** An authentication method of RFC 7591 or RFC 8705. */
interface AuthenticationMethod {
  readonly name: string;
  /** Whether the client has the secret, key or certificate that the method needs. */
  canUse(client: ClientInformation): boolean;
  createAuthentication(client: ClientInformation, server: ServerMethods, context: Pick<Effects, 'files'>): ClientAuth;
}

/** The strongest first, for a client that can use several of them. */
const methods: readonly AuthenticationMethod[] = [
  {
    name: 'private_key_jwt',
    canUse: (client) => client.private_key_file !== undefined,
    createAuthentication: createPrivateKeyJwt,
  },
  { name: 'client_secret_basic', canUse: hasSecret, createAuthentication: createBasic },
  { name: 'client_secret_post', canUse: hasSecret, createAuthentication: (client) => ClientSecretPost(client.client_secret ?? '') },
  { name: 'none', canUse: () => true, createAuthentication: () => None() },
  // RFC 8705: the certificate of the TLS connection authenticates the client. Used only if the registration says so.
  { name: 'tls_client_auth', canUse: isRegisteredFor('tls_client_auth'), createAuthentication: () => TlsClientAuth() },
  {
    name: 'self_signed_tls_client_auth',
    canUse: isRegisteredFor('self_signed_tls_client_auth'),
    createAuthentication: () => TlsClientAuth(),
  },
];

/** The supported authentication methods, in the names of RFC 7591 and RFC 8705. */
export const authenticationMethodNames: readonly string[] = methods.map(({ name }) => name);

/** Whether the client has what its authentication method needs. */
export function canAuthenticate(client: ClientInformation, server: ServerMethods): boolean {
  return methods.some((method) => method.name === chooseAuthenticationMethod(client, server) && method.canUse(client));
}

/** Whether the server accepts no public client. A server that lists no methods may accept public clients. */
export function requiresClientAuthentication({ token_endpoint_auth_methods_supported: supported }: ServerMethods): boolean {
  return supported !== undefined && !supported.includes('none') && methods.some(({ name }) => supported.includes(name));
}

/** The method to register with: `none` if the server accepts it, because a program that everyone can download keeps no secret. */
export function chooseMethodToRegister(server: ServerMethods): string {
  if (!requiresClientAuthentication(server)) return 'none';
  const supported = server.token_endpoint_auth_methods_supported ?? [];
  return supported.find((name) => name.startsWith('client_secret_') && methods.some((method) => method.name === name)) ?? 'none';
}

/**
 * The method of a client: the registered one; otherwise the strongest that the server supports and the client can use. A
 * secret or key that the user gave is used even if the server's list does not contain its method: such lists are incomplete.
 */
export function chooseAuthenticationMethod(
  client: ClientInformation,
  { token_endpoint_auth_methods_supported: supported }: ServerMethods,
): string {
  if (client.token_endpoint_auth_method !== undefined) return client.token_endpoint_auth_method;
  const usable = methods.filter((method) => method.canUse(client)).map(({ name }) => name);
  const isGiven = usable.length > 1 && client.obtained_by !== 'dynamic_registration';
  const candidates = isGiven ? usable.filter((name) => name !== 'none') : usable;
  const best = candidates.find((name) => supported?.includes(name)) ?? candidates[0] ?? 'none';
  // Some servers forget to decode the credentials of Basic. If the encoding changes them, the request body is safer.
  const isPostOffered = supported?.includes('client_secret_post') ?? true;
  return best === 'client_secret_basic' && isPostOffered && isChangedByEncoding(client) ? 'client_secret_post' : best;
}

/** The client authentication that a server accepted, to be stored with the client so that the next request starts with it. */
export type AcceptedAuthentication = Pick<ClientInformation, 'token_endpoint_auth_method' | 'basic_unencoded'>;

/** One client authentication to try, and what to store if the server accepts it. */
interface AuthenticationAttempt {
  readonly accepted: AcceptedAuthentication;
  readonly authentication: ClientAuth;
}

/**
 * Send a request to the token, device authorization, revocation or pushed authorization request endpoint with client
 * authentication: with the chosen method, and, if the server rejects it, with the other method for a secret, if the server offers
 * that or lists no methods. One method per request: RFC 6749 section 2.3 forbids more.
 *
 * @param send throws the server's error response as an OAuthError.
 * @returns the result of `send`, and the authentication that the server accepted.
 * @throws AuthError `client_unusable` for a method that is not supported; the first error if the server rejects all of them.
 */
export async function requestWithClientAuthentication<T>(
  { client, metadata }: { client: ClientInformation; metadata: ServerMethods },
  context: Pick<Effects, 'files'>,
  send: (authentication: ClientAuth) => Promise<T>,
): Promise<{ answer: T; accepted: AcceptedAuthentication }> {
  let firstError: unknown;
  for (const { accepted, authentication } of listAttempts(client, metadata, context)) {
    try {
      return { answer: await send(authentication), accepted };
    } catch (error) {
      firstError ??= error;
      if (!(error instanceof OAuthError) || !rejectsClientAuthentication(error)) throw error;
    }
  }
  throw firstError;
}

function listAttempts(client: ClientInformation, server: ServerMethods, context: Pick<Effects, 'files'>): AuthenticationAttempt[] {
  const chosen = chooseAuthenticationMethod(client, server);
  const clients = [chosen, ...listOtherMethods(client, { chosen, server })].map((name) => ({
    ...client,
    token_endpoint_auth_method: name,
  }));
  // Last attempt if the encoding changes the credentials: unencoded, for a server that does not decode them.
  const withBasic = clients.find(({ token_endpoint_auth_method: name }) => name === 'client_secret_basic');
  if (withBasic && isChangedByEncoding(client) && !client.basic_unencoded) clients.push({ ...withBasic, basic_unencoded: true });
  return clients.map((one) => ({
    accepted: {
      token_endpoint_auth_method: one.token_endpoint_auth_method,
      ...(one.basic_unencoded && { basic_unencoded: true }),
    },
    authentication: findMethod(one.token_endpoint_auth_method).createAuthentication(one, server, context),
  }));
}

const secretMethods = ['client_secret_post', 'client_secret_basic'];

/** The other methods for a client with a secret. Some servers (Figma, Supabase) register `none`, return a secret and require it. */
function listOtherMethods(
  { client_secret: secret }: ClientInformation,
  { chosen, server: { token_endpoint_auth_methods_supported: supported } }: { chosen: string; server: ServerMethods },
): string[] {
  if (chosen === 'none') return secret === undefined ? [] : secretMethods;
  if (!secretMethods.includes(chosen)) return [];
  return secretMethods.filter((name) => name !== chosen && (supported?.includes(name) ?? true));
}

function findMethod(name: string): AuthenticationMethod {
  const method = methods.find((one) => one.name === name);
  if (method) return method;
  throw new AuthError('client_unusable', `mcp-auth does not support the client authentication method ${JSON.stringify(name)}.`);
}

function isRegisteredFor(name: string): AuthenticationMethod['canUse'] {
  return (client) => client.token_endpoint_auth_method === name;
}

function hasSecret({ client_secret }: ClientInformation): boolean {
  return client_secret !== undefined;
}

/**
 * RFC 6749 appendix B. `oauth4webapi` also encodes `-`, `_` and `.`, which is allowed, but a server that forgets to decode
 * then sees a different id.
 */
function encodeCredential(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/** Whether encoding changes the id or the secret. */
function isChangedByEncoding({ client_id, client_secret = '' }: ClientInformation): boolean {
  return encodeCredential(client_id) !== client_id || encodeCredential(client_secret) !== client_secret;
}

/** RFC 6749 section 2.3.1: id and secret form-urlencoded, then as HTTP Basic. Only characters that need it are encoded. */
function createBasic({ client_id, client_secret = '', basic_unencoded: isUnencoded }: ClientInformation): ClientAuth {
  const pair = isUnencoded ? `${client_id}:${client_secret}` : `${encodeCredential(client_id)}:${encodeCredential(client_secret)}`;
  const credentials = Buffer.from(pair).toString('base64');
  return (_server, _client, _body, headers) => headers.set('authorization', `Basic ${credentials}`);
}

/** RFC 7523 section 2.2: a JWT for this one request, with the issuer as its audience. The key is read from its file each time. */
function createPrivateKeyJwt(client: ClientInformation, server: ServerMethods, { files }: Pick<Effects, 'files'>): ClientAuth {
  return async (issuer, self, body, headers) => {
    const text = await files.readText(client.private_key_file ?? '', 'The private key');
    const registered = client.token_endpoint_auth_signing_alg;
    const supported = registered === undefined ? server.token_endpoint_auth_signing_alg_values_supported : [registered];
    const { key, algorithm, keyId } = await parseSigningKey(text, supported);
    const authentication = PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
      [modifyAssertion]: (header) => void (header['alg'] = algorithm),
    });
    await authentication(issuer, self, body, headers);
  };
}

/** How a client proves itself at the token endpoint: RFC 6749 section 2.3, RFC 7523 section 2.2, OpenID Connect Core section 9. */
import { ClientSecretPost, modifyAssertion, None, PrivateKeyJwt, TlsClientAuth, type ClientAuth } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { OAuthError } from './protocol-error.js';
import { rejectsClientAuthentication } from './error-response.js';
import type { ClientInformation } from './client-information.js';
import { parseSigningKey } from './signing-key.js';

/** What an authorization server says of the ways in which clients prove themselves. */
type ServerMethods = Pick<
  AuthorizationServerMetadata,
  'token_endpoint_auth_methods_supported' | 'token_endpoint_auth_signing_alg_values_supported'
>;

/** One way, for a client that holds what it needs. */
interface Method {
  readonly name: string;
  /** Whether the client holds what this takes. */
  fits(client: ClientInformation): boolean;
  authentication(client: ClientInformation, server: ServerMethods, context: Pick<Effects, 'files'>): ClientAuth;
}

/** The better proof first, where a client holds what several of them take. */
const methods: readonly Method[] = [
  { name: 'private_key_jwt', fits: (client) => client.private_key_file !== undefined, authentication: privateKeyJwt },
  { name: 'client_secret_basic', fits: hasSecret, authentication: basic },
  { name: 'client_secret_post', fits: hasSecret, authentication: (client) => ClientSecretPost(client.client_secret ?? '') },
  { name: 'none', fits: () => true, authentication: () => None() },
  // RFC 8705: the certificate of the connection is the proof. Only where that has been settled on.
  { name: 'tls_client_auth', fits: isSettledOn('tls_client_auth'), authentication: () => TlsClientAuth() },
  { name: 'self_signed_tls_client_auth', fits: isSettledOn('self_signed_tls_client_auth'), authentication: () => TlsClientAuth() },
];

/** The ways that this program knows, in the names of RFC 7591 and RFC 8705. */
export const authenticationMethodNames: readonly string[] = methods.map(({ name }) => name);

/** Whether the client holds what its authentication method needs. */
export function canAuthenticate(client: ClientInformation, server: ServerMethods): boolean {
  return methods.some((method) => method.name === chooseAuthenticationMethod(client, server) && method.fits(client));
}

/** Whether the server takes no client without a secret or a key. One that does not say so may take public clients. */
export function requiresClientAuthentication({ token_endpoint_auth_methods_supported: supported }: ServerMethods): boolean {
  return supported !== undefined && !supported.includes('none') && methods.some(({ name }) => supported.includes(name));
}

/** What to ask for when registering: nothing where that will do, since a program that everybody has keeps no secret. */
export function chooseMethodToRegister(server: ServerMethods): string {
  if (!requiresClientAuthentication(server)) return 'none';
  const supported = server.token_endpoint_auth_methods_supported ?? [];
  return supported.find((name) => name.startsWith('client_secret_') && methods.some((method) => method.name === name)) ?? 'none';
}

/**
 * The method of a client: what its registration says; else the best that the server supports and the client can do. What
 * a person gave a client to prove itself with is used even where the server's list does not have it: lists are incomplete.
 */
export function chooseAuthenticationMethod(
  client: ClientInformation,
  { token_endpoint_auth_methods_supported: supported }: ServerMethods,
): string {
  if (client.token_endpoint_auth_method !== undefined) return client.token_endpoint_auth_method;
  const able = methods.filter((method) => method.fits(client)).map(({ name }) => name);
  const given = able.length > 1 && client.obtained_by !== 'dynamic_registration' ? able.filter((name) => name !== 'none') : able;
  const best = given.find((name) => supported?.includes(name)) ?? given[0] ?? 'none';
  // Servers forget to decode what Basic has encoded: where that is a difference, the other way is the safer one.
  const isOffered = supported?.includes('client_secret_post') ?? true;
  return best === 'client_secret_basic' && isOffered && isEncoded(client) ? 'client_secret_post' : best;
}

/** How a client has proved itself: what to keep with it, so that the next request begins with that. */
export type AcceptedAuthentication = Pick<ClientInformation, 'token_endpoint_auth_method' | 'basic_unencoded'>;

/** One way for this client, and what is to be kept where it works. */
interface Attempt {
  readonly proven: AcceptedAuthentication;
  readonly authentication: ClientAuth;
}

/**
 * Sends a request to the token, device authorization, revocation or pushed authorization request endpoint with the client's
 * proof: in the way that has been settled on, and where that is refused, at once in the other one that a secret can be sent by,
 * if the server offers it or says nothing. One way at a time: servers refuse a secret that is sent in two ways at once (RFC 6749
 * section 2.3).
 *
 * @param send throws the server's refusal as an OAuthError.
 * @returns what `send` does, and how the client has proved itself.
 * @throws AuthError `client_unusable` for a method that this program does not know; the first refusal where all are refused.
 */
export async function requestWithClientAuthentication<T>(
  { client, metadata }: { client: ClientInformation; metadata: ServerMethods },
  context: Pick<Effects, 'files'>,
  send: (authentication: ClientAuth) => Promise<T>,
): Promise<{ answer: T; proven: AcceptedAuthentication }> {
  let first: unknown;
  for (const { proven, authentication } of attempts(client, metadata, context)) {
    try {
      return { answer: await send(authentication), proven };
    } catch (error) {
      first ??= error;
      if (!(error instanceof OAuthError) || !rejectsClientAuthentication(error)) throw error;
    }
  }
  throw first;
}

function attempts(client: ClientInformation, server: ServerMethods, context: Pick<Effects, 'files'>): Attempt[] {
  const settled = chooseAuthenticationMethod(client, server);
  const supported = server.token_endpoint_auth_methods_supported;
  const bySecret = ['client_secret_basic', 'client_secret_post'];
  // A secret that comes beside the method `none` is wanted by some (Figma, Supabase), once they say so.
  const mayProve = bySecret.includes(settled) || (settled === 'none' && client.client_secret !== undefined);
  const others = mayProve
    ? [...bySecret].reverse().filter((name) => name !== settled && (settled === 'none' || (supported?.includes(name) ?? true)))
    : [];
  const all = [settled, ...others].map((name) => ({ ...client, token_endpoint_auth_method: name }));
  // The last resort where credentials are changed by their encoding: as they are, for a server that does not decode them.
  const unencoded = all.find(({ token_endpoint_auth_method: name }) => name === 'client_secret_basic');
  if (unencoded && isEncoded(client) && !client.basic_unencoded) all.push({ ...unencoded, basic_unencoded: true });
  return all.map((one) => ({
    proven: {
      token_endpoint_auth_method: one.token_endpoint_auth_method,
      ...(one.basic_unencoded && { basic_unencoded: true }),
    },
    authentication: methodNamed(one.token_endpoint_auth_method).authentication(one, server, context),
  }));
}

function methodNamed(name: string): Method {
  const method = methods.find((one) => one.name === name);
  if (method) return method;
  throw new AuthError('client_unusable', `The client authentication ${JSON.stringify(name)} is not one that mcp-auth knows.`);
}

function isSettledOn(name: string): Method['fits'] {
  return (client) => client.token_endpoint_auth_method === name;
}

function hasSecret({ client_secret }: ClientInformation): boolean {
  return client_secret !== undefined;
}

/** RFC 6749 appendix B. `oauth4webapi` also encodes `-`, `_` and `.`, which it may, but servers that forget to decode are then given another id. */
function encoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/** Whether id and secret are other texts when they are encoded for Basic. */
function isEncoded({ client_id, client_secret = '' }: ClientInformation): boolean {
  return encoded(client_id) !== client_id || encoded(client_secret) !== client_secret;
}

/** RFC 6749 section 2.3.1: id and secret form-urlencoded, then as HTTP Basic. Only what has to be encoded is. */
function basic({ client_id, client_secret = '', basic_unencoded: isPlain }: ClientInformation): ClientAuth {
  const pair = isPlain ? `${client_id}:${client_secret}` : `${encoded(client_id)}:${encoded(client_secret)}`;
  const credentials = Buffer.from(pair).toString('base64');
  return (_server, _client, _body, headers) => headers.set('authorization', `Basic ${credentials}`);
}

/** RFC 7523 section 2.2: a JWT for this one request, whose audience is the issuer. The key stays in its file. */
function privateKeyJwt(client: ClientInformation, server: ServerMethods, { files }: Pick<Effects, 'files'>): ClientAuth {
  return async (issuer, self, body, headers) => {
    const text = await files.readText(client.private_key_file ?? '', 'The private key');
    const settled = client.token_endpoint_auth_signing_alg;
    const supported = settled === undefined ? server.token_endpoint_auth_signing_alg_values_supported : [settled];
    const { key, algorithm, keyId } = await parseSigningKey(text, supported);
    const authentication = PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
      [modifyAssertion]: (header) => void (header['alg'] = algorithm),
    });
    await authentication(issuer, self, body, headers);
  };
}

/** How a client proves itself at the token endpoint: RFC 6749 section 2.3, RFC 7523 section 2.2, OpenID Connect Core section 9. */
import { ClientSecretPost, modifyAssertion, None, PrivateKeyJwt, type ClientAuth } from 'oauth4webapi';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import type { ClientInformation } from './registration.js';
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
  authentication(client: ClientInformation, server: ServerMethods, context: Pick<Context, 'files'>): ClientAuth;
}

/** The better proof first, where a client holds what several of them take. */
const methods: readonly Method[] = [
  { name: 'private_key_jwt', fits: (client) => client.private_key_file !== undefined, authentication: privateKeyJwt },
  { name: 'client_secret_basic', fits: hasSecret, authentication: basic },
  { name: 'client_secret_post', fits: hasSecret, authentication: (client) => ClientSecretPost(client.client_secret ?? '') },
  { name: 'none', fits: () => true, authentication: () => None() },
];

/** The ways that this program knows, in the names of RFC 7591 and RFC 8705. */
export const methodNames: readonly string[] = methods.map(({ name }) => name);

/** Whether the client holds what its authentication method needs. */
export function canAuthenticate(client: ClientInformation, server: ServerMethods): boolean {
  return methods.some((method) => method.name === methodFor(client, server) && method.fits(client));
}

/** Whether the server takes no client without a secret or a key. One that does not say so may take public clients. */
export function needsProof({ token_endpoint_auth_methods_supported: supported }: ServerMethods): boolean {
  return supported !== undefined && !supported.includes('none') && methods.some(({ name }) => supported.includes(name));
}

/** What to ask for when registering: nothing where that will do, since a program that everybody has keeps no secret. */
export function methodToRegister(server: ServerMethods): string {
  if (!needsProof(server)) return 'none';
  const supported = server.token_endpoint_auth_methods_supported ?? [];
  return supported.find((name) => name.startsWith('client_secret_') && methods.some((method) => method.name === name)) ?? 'none';
}

/**
 * The method of a client: what its registration says; else the best that the server supports and the client can do. What
 * a person gave a client to prove itself with is used even where the server's list does not have it: lists are incomplete.
 */
export function methodFor(client: ClientInformation, { token_endpoint_auth_methods_supported: supported }: ServerMethods): string {
  if (client.token_endpoint_auth_method !== undefined) return client.token_endpoint_auth_method;
  const able = methods.filter((method) => method.fits(client)).map(({ name }) => name);
  const given = able.length > 1 && client.obtained_by !== 'dynamic_registration' ? able.filter((name) => name !== 'none') : able;
  return given.find((name) => supported?.includes(name)) ?? given[0] ?? 'none';
}

/**
 * The authentication to send with every request to the token, device authorization, revocation and pushed authorization
 * request endpoints. One way only: servers refuse a secret that is sent in two ways at once (RFC 6749 section 2.3).
 *
 * @throws AuthError `client_unusable` for a method that this program does not know.
 */
export function clientAuthentication(client: ClientInformation, server: ServerMethods, context: Pick<Context, 'files'>): ClientAuth {
  const name = methodFor(client, server);
  const method = methods.find((one) => one.name === name);
  if (!method) throw new AuthError('client_unusable', `The client authentication ${JSON.stringify(name)} is not one that mcp-auth knows.`);
  return method.authentication(client, server, context);
}

function hasSecret({ client_secret }: ClientInformation): boolean {
  return client_secret !== undefined;
}

/**
 * RFC 6749 section 2.3.1: id and secret form-urlencoded, then as HTTP Basic. `oauth4webapi` also encodes `-`, `_` and `.`,
 * which it may, but servers that forget to decode are then given another id; so only what has to be encoded is.
 */
function basic({ client_id, client_secret = '' }: ClientInformation): ClientAuth {
  const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  const credentials = Buffer.from(`${encoded(client_id)}:${encoded(client_secret)}`).toString('base64');
  return (_server, _client, _body, headers) => headers.set('authorization', `Basic ${credentials}`);
}

/** RFC 7523 section 2.2: a JWT for this one request, whose audience is the issuer. The key stays in its file. */
function privateKeyJwt(client: ClientInformation, server: ServerMethods, { files }: Pick<Context, 'files'>): ClientAuth {
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

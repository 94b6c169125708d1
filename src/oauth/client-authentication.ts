/** How a client proves itself at the token endpoint: RFC 6749 section 2.3, RFC 7591 section 2. */
import { ClientSecretPost, None, type ClientAuth } from 'oauth4webapi';
import { AuthError } from '../errors.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import type { ClientInformation } from './registration.js';

type Method = (client: ClientInformation) => ClientAuth;

const methods: Record<string, Method> = {
  none: () => None(),
  client_secret_post: (client) => ClientSecretPost(client.client_secret ?? ''),
  client_secret_basic: basic,
};

/**
 * RFC 6749 section 2.3.1: id and secret form-urlencoded, then as HTTP Basic. `oauth4webapi` also encodes `-`, `_` and `.`,
 * which it may, but servers that forget to decode are then given another id; so only what has to be encoded is.
 */
function basic({ client_id, client_secret = '' }: ClientInformation): ClientAuth {
  const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  const credentials = Buffer.from(`${encoded(client_id)}:${encoded(client_secret)}`).toString('base64');
  return (_server, _client, _body, headers) => headers.set('authorization', `Basic ${credentials}`);
}

/** Whether the client holds what its authentication method needs. */
export function canAuthenticate(
  client: ClientInformation,
  metadata: Pick<AuthorizationServerMetadata, 'token_endpoint_auth_methods_supported'>,
): boolean {
  const method = methodOf(client, metadata);
  return Object.hasOwn(methods, method) && (method === 'none' || client.client_secret !== undefined);
}

/** Whether the server takes no client without a secret. One that does not say so may take public clients. */
export function needsSecret({
  token_endpoint_auth_methods_supported: supported,
}: Pick<AuthorizationServerMetadata, 'token_endpoint_auth_methods_supported'>): boolean {
  return supported !== undefined && !supported.includes('none') && supported.some((method) => method.startsWith('client_secret'));
}

/**
 * The authentication to send with every request to the token, device authorization and revocation endpoints.
 *
 * @throws AuthError `client_unusable` for a method that this program does not know.
 */
export function clientAuthentication(
  client: ClientInformation,
  metadata: Pick<AuthorizationServerMetadata, 'token_endpoint_auth_methods_supported'>,
): ClientAuth {
  const name = methodOf(client, metadata);
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!method) throw new AuthError('client_unusable', `The client authentication ${name} is not one that mcp-auth knows.`);
  return method(client);
}

/** What the registration says; else what the server supports, for a client with or without a secret. */
function methodOf(
  client: ClientInformation,
  { token_endpoint_auth_methods_supported: supported }: Pick<AuthorizationServerMetadata, 'token_endpoint_auth_methods_supported'>,
): string {
  if (client.token_endpoint_auth_method !== undefined) return client.token_endpoint_auth_method;
  if (client.client_secret === undefined) return 'none';
  return supported?.includes('client_secret_post') && !supported.includes('client_secret_basic')
    ? 'client_secret_post'
    : 'client_secret_basic';
}

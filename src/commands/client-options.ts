import path from 'node:path';
import type { ClientOptions } from '../login/client.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { checkClientIdUrl } from '../oauth/client-metadata-document.js';
import { readVariable } from '../store/variables.js';
import { groupOptions } from './command.js';
import type { ParsedOptions } from './parsed-options.js';

/** The options of `login` that choose the OAuth client. */
export const clientOptions = groupOptions('OAuth client:', [
  { flags: '--client-id <id>', help: 'use this pre-registered client; its secret, if any, in MCP_AUTH_CLIENT_SECRET' },
  { flags: '--client-secret-stdin', help: 'read the client secret from the first line of stdin' },
  {
    flags: '--private-key <file>',
    help: 'private key for client authentication, a PEM or JWK file; it is not copied into the store',
    complete: 'file',
  },
  { flags: '--client-metadata-url <url>', help: 'use this client ID metadata document', parse: checkClientIdUrl },
  { flags: '--register', help: 'register a new client even if the store has one' },
  { flags: '--callback-port <port>', help: 'port on this machine that the browser is redirected to', parse: parsePort },
  { flags: '--redirect-uri <uri>', help: 'redirect URI that the browser is redirected to', parse: parseRedirectUri },
]);

/** Reads the client options. The secret comes from the environment or stdin, never from the command line, which other users can read. */
export async function readClientOptions(
  options: ParsedOptions<typeof clientOptions>,
  { env, preferences, ui, signal }: Pick<Context, 'env' | 'preferences' | 'ui' | 'signal'>,
): Promise<ClientOptions> {
  if (options.clientSecretStdin && options.clientId === undefined)
    throw new AuthError('usage', '--client-secret-stdin requires --client-id.');
  if (options.privateKey !== undefined && options.clientId === undefined && options.clientMetadataUrl === undefined) {
    throw new AuthError('usage', '--private-key requires --client-id or --client-metadata-url.');
  }
  const typed = options.clientSecretStdin ? await ui.ask({ message: 'Client secret:', secret: true, signal }) : undefined;
  const fromEnvironment = options.clientId === undefined ? undefined : readVariable(env, 'MCP_AUTH_CLIENT_SECRET');
  return {
    clientId: options.clientId,
    clientSecret: typed?.trim() ?? fromEnvironment,
    privateKeyFile: options.privateKey === undefined ? undefined : path.resolve(options.privateKey),
    clientMetadataUrl: options.clientMetadataUrl,
    preferredClientMetadataUrl: (await preferences.read())['client-metadata-url'],
    register: options.register,
    redirectUri:
      options.redirectUri ?? (options.callbackPort === undefined ? undefined : `http://127.0.0.1:${options.callbackPort}/callback`),
    registrationToken: readVariable(env, 'MCP_AUTH_REGISTRATION_TOKEN'),
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new AuthError('usage', '--callback-port takes a port number from 1 to 65535.');
}

/** Returned unchanged, because it is compared as a string (RFC 6749 section 3.1.2). Loopback or https (RFC 8252 section 7). */
function parseRedirectUri(text: string): string {
  const { hash } = parseSafeUrl(text, { what: 'The redirect URI', code: 'usage' });
  if (hash !== '') throw new AuthError('usage', 'A redirect URI must not have a fragment.');
  return text;
}

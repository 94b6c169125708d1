import path from 'node:path';
import type { ClientOptions } from '../login/client.js';
import type { Context } from '../context.js';
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { checkClientIdUrl } from '../oauth/client-metadata-document.js';
import type { CommandOption } from './command.js';

/** The options of `login` that say which OAuth client to be. */
export interface ClientWords {
  clientId?: string;
  clientSecretStdin?: boolean;
  privateKey?: string;
  clientMetadataUrl?: string;
  register?: boolean;
  callbackPort?: number;
  redirectUri?: string;
}

const options: readonly CommandOption[] = [
  { flags: '--client-id <id>', help: 'a client registered by hand; its secret, if any, in MCP_AUTH_CLIENT_SECRET' },
  { flags: '--client-secret-stdin', help: 'read the client’s secret as the first line of stdin' },
  {
    flags: '--private-key <file>',
    help: 'the key that the client proves itself with: PEM or JWK; it stays in that file',
    complete: 'file',
  },
  { flags: '--client-metadata-url <url>', help: 'a client-ID metadata document to be known by', parse: checkClientIdUrl },
  { flags: '--register', help: 'register a new client even if the store holds one' },
  { flags: '--callback-port <port>', help: 'the port on this machine that the browser is sent to', parse: parsePort },
  { flags: '--redirect-uri <uri>', help: 'the whole address that the browser is sent to', parse: parseRedirectUri },
];

export const clientOptions: readonly CommandOption[] = options.map((option) => ({ ...option, group: 'The OAuth client to be:' }));

/** What was typed, with the secret from the environment or stdin: never from the command line, which others can read. */
export async function readClientOptions(
  words: ClientWords,
  { env, preferences, ui, signal }: Pick<Context, 'env' | 'preferences' | 'ui' | 'signal'>,
): Promise<ClientOptions> {
  if (words.clientSecretStdin && words.clientId === undefined) throw new AuthError('usage', '--client-secret-stdin needs --client-id.');
  if (words.privateKey !== undefined && words.clientId === undefined && words.clientMetadataUrl === undefined) {
    throw new AuthError('usage', '--private-key needs --client-id or --client-metadata-url: a key proves who somebody is.');
  }
  const typed = words.clientSecretStdin ? await ui.ask({ message: 'Client secret:', secret: true, signal }) : undefined;
  const fromEnvironment = words.clientId === undefined ? undefined : readVariable(env, 'MCP_AUTH_CLIENT_SECRET');
  return {
    clientId: words.clientId,
    clientSecret: typed?.trim() ?? fromEnvironment,
    privateKeyFile: words.privateKey === undefined ? undefined : path.resolve(words.privateKey),
    clientMetadataUrl: words.clientMetadataUrl,
    preferredClientMetadataUrl: (await preferences.read())['client-metadata-url'],
    register: words.register,
    redirectUri: words.redirectUri ?? (words.callbackPort === undefined ? undefined : `http://127.0.0.1:${words.callbackPort}/callback`),
    registrationToken: readVariable(env, 'MCP_AUTH_REGISTRATION_TOKEN'),
  };
}

/** A variable's value; one that is empty counts as not set. */
export function readVariable({ variables }: Env, name: string): string | undefined {
  return variables[name] === '' ? undefined : variables[name];
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new AuthError('usage', '--callback-port takes a port from 1 to 65535.');
}

/** To the letter, since it is compared as a string (RFC 6749 section 3.1.2). Loopback, or https (RFC 8252 section 7). */
function parseRedirectUri(text: string): string {
  const { hash } = parseSafeUrl(text, { what: 'The redirect URI', code: 'usage' });
  if (hash !== '') throw new AuthError('usage', 'A redirect URI has no fragment.');
  return text;
}

import path from 'node:path';
import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { reservedParameters } from '../oauth/authorization-code.js';
import { authenticationMethodNames } from '../oauth/client-authentication.js';
import type { SettingsChange } from '../store/settings.js';
import type { CommandOption } from './command.js';
import { parseHeader } from './header-option.js';

/** The options of `login` that say what would be found out otherwise. An empty text is what `default` becomes. */
export interface ServerWords {
  issuer?: string;
  scope?: string;
  resource?: string;
  trustIssuer?: string;
  trustResource?: string;
  trustEndpoints?: string;
  metadataUrl?: string;
  tokenAuthMethod?: string;
  prompt?: string;
  offlineAccess?: boolean;
  allowMissingPkceMetadata?: boolean;
  allowPrivateNetwork?: boolean;
  authorizeParam?: Record<string, string> | '';
  clientCert?: string;
  clientKey?: string;
  header?: Record<string, string>;
}

/** What is kept with the server until it is said anew. */
const options: readonly CommandOption[] = [
  {
    flags: '--issuer <url>',
    help: 'which authorization server to use, of several or where the server names none',
    parse: acceptDefault(parseIssuer),
  },
  {
    flags: '--trust-issuer <url>',
    help: 'accept, for this server, that its authorization server calls itself by this address',
    parse: acceptDefault(parseIssuer),
  },
  {
    flags: '--trust-endpoints <hosts>',
    help: 'accept, for this server, that its authorization server has endpoints at these hosts, which are on another site',
    parse: acceptDefault(parseHosts),
  },
  {
    flags: '--metadata-url <url>',
    help: 'where the metadata of the authorization server is',
    parse: acceptDefault(urlOf('--metadata-url')),
  },
  {
    flags: '--resource <url>',
    help: 'the resource to ask a token for, in place of the one that the server names; none to name none',
    parse: acceptDefault(parseResource),
    complete: ['none', 'default'],
  },
  {
    flags: '--trust-resource <url>',
    help: 'accept, for this server, that its metadata is for the resource of this name',
    parse: acceptDefault(parseResourceName),
  },
  {
    flags: '--prompt <value>',
    help: 'the prompt to ask for, as select_account; none to ask for none',
    parse: acceptDefault(parsePrompt),
    complete: ['none', 'login', 'consent', 'select_account', 'default'],
  },
  { flags: '--offline-access', help: 'ask for offline_access, though the authorization server does not list it' },
  { flags: '--no-offline-access', help: 'do not ask for offline_access, though the authorization server lists it' },
  {
    flags: '--authorize-param <key=value>',
    help: 'what one server wants in the authorization request; may be repeated',
    parse: parseParameter,
  },
  {
    flags: '--token-auth-method <method>',
    help: `how the client proves itself: ${authenticationMethodNames.join(', ')}`,
    parse: acceptDefault(parseMethod),
    complete: [...authenticationMethodNames, 'default'],
  },
  {
    flags: '--header <line>',
    help: 'sent to the MCP server with every request, as "X-Key: value"; ${VAR} is taken from the environment. May be repeated; without a value it is taken back',
    parse: parseHeader,
  },
  {
    flags: '--client-cert <file>',
    help: 'the TLS client certificate that the server asks for (mTLS): PEM; it stays in that file',
    parse: acceptDefault((file) => path.resolve(file)),
    complete: 'file',
  },
  {
    flags: '--client-key <file>',
    help: 'its key, where that is not in the same file',
    parse: acceptDefault((file) => path.resolve(file)),
    complete: 'file',
  },
  {
    flags: '--allow-private-network',
    help: 'let the server name addresses in a private network, or on this machine, where it is not itself',
  },
  { flags: '--no-allow-private-network', help: 'take that back' },
  {
    flags: '--allow-missing-pkce-metadata',
    help: 'go on where the authorization server does not say that it does PKCE: if it does none, a stolen code can be used by the thief',
  },
  { flags: '--no-allow-missing-pkce-metadata', help: 'take that back' },
];

export const serverOptions: readonly CommandOption[] = options.map((option) => ({
  ...option,
  group: 'What one server needs (kept with it; the word default takes it back):',
}));

/** What was typed of these options. */
export function readServerOptions(words: ServerWords): SettingsChange {
  if (words.clientKey && !words.clientCert) {
    throw new AuthError('usage', '--client-key needs --client-cert: a key by itself proves nothing.', {
      hint: 'Pass --client-cert FILE too.',
    });
  }
  const said = {
    issuer: words.issuer,
    scope: words.scope,
    resource: words.resource,
    trustedIssuer: words.trustIssuer,
    trustedResource: words.trustResource,
    trustedEndpoints: words.trustEndpoints,
    metadataUrl: words.metadataUrl,
    tokenAuthMethod: words.tokenAuthMethod,
    prompt: words.prompt,
    authorizeParameters: words.authorizeParam,
    clientCertFile: words.clientCert,
    clientKeyFile: words.clientKey,
  };
  return {
    ...Object.fromEntries(Object.entries(said).map(([key, value]) => [key, value === '' ? null : value])),
    offlineAccess: words.offlineAccess,
    // False is what holds where nothing has been said.
    pkceUnadvertised: words.allowMissingPkceMetadata === false ? null : words.allowMissingPkceMetadata,
    privateNetworkAllowed: words.allowPrivateNetwork === false ? null : words.allowPrivateNetwork,
  };
}

/** The value that `parse` makes; an empty one for the word that takes back what was said before. */
export function acceptDefault(parse: (text: string) => string): (text: string) => string {
  return (text) => (text === 'default' ? '' : parse(text));
}

/** To the letter, since issuers are compared as strings (RFC 8414 section 3.3). */
export function parseIssuer(text: string): string {
  parseSafeUrl(text, { what: 'The issuer', code: 'usage' });
  return text;
}

function urlOf(option: string): (text: string) => string {
  return (text) => parseSafeUrl(text, { what: `The address of ${option}`, code: 'usage' }).href;
}

/** RFC 8707 section 2: an absolute URI without a fragment, of any scheme. Never used as an address. */
function parseResourceName(text: string): string {
  if (URL.canParse(text) && !text.includes('#') && /^[\x21-\x7e]{1,2000}$/.test(text)) return text;
  throw new AuthError('usage', 'A resource is an absolute URI without a fragment, as https://api.example.com/ or api://name.');
}

/** Hosts, with a port where that is not the usual one, joined by commas or spaces. */
function parseHosts(text: string): string {
  const hosts = text.split(/[ ,]+/).filter(Boolean).map(parseHost);
  if (hosts.length > 0) return hosts.join(' ');
  throw new AuthError('usage', '--trust-endpoints takes a host, as login.example.com, or several with commas between them.');
}

function parseHost(text: string): string {
  const isBare = /^[\w.:[\]-]+$/.test(text) && URL.canParse(`https://${text}`);
  const url = parseSafeUrl(isBare ? `https://${text}` : text, { what: 'A host of --trust-endpoints', code: 'usage' });
  if (isBare) return url.host;
  throw new AuthError('usage', '--trust-endpoints takes hosts, and no URLs.', { hint: `Pass --trust-endpoints ${url.host}` });
}

function parseResource(text: string): string {
  return text === 'none' ? text : parseResourceName(text);
}

function parsePrompt(text: string): string {
  if (/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(text)) return text;
  throw new AuthError('usage', '--prompt takes one or several words, as consent or "login consent", or none.');
}

function parseMethod(text: string): string {
  if (authenticationMethodNames.includes(text)) return text;
  throw new AuthError('usage', `--token-auth-method is one of ${authenticationMethodNames.join(', ')}.`);
}

/** One more `KEY=VALUE` of those given so far. */
function parseParameter(text: string, before: unknown): Record<string, string> | '' {
  if (text === 'default') return '';
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === '') throw new AuthError('usage', '--authorize-param takes KEY=VALUE.');
  if (reservedParameters.has(key)) {
    const option = { resource: '--resource', scope: '--scope' }[key];
    throw new AuthError('usage', `--authorize-param cannot set ${key}, which mcp-auth sets itself.`, {
      ...(option !== undefined && { hint: `Use ${option}.` }),
    });
  }
  return { ...(before as Record<string, string>), [key]: value };
}

import path from 'node:path';
import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { reservedParameters } from '../oauth/authorization-code.js';
import { authenticationMethodNames } from '../oauth/client-authentication.js';
import type { SettingsChange } from '../store/settings.js';
import { groupOptions, type CommandOption } from './command.js';
import { parseHeader } from './header-option.js';
import type { ParsedOptions } from './parsed-options.js';

/** `--scope` of `login`, which is stored like the options below. */
export const scopeOption = {
  flags: '--scope <scopes>',
  help: 'scopes to request, instead of those that the server names; stored until --scope default',
  parse: acceptDefault((scopes) => scopes),
} as const satisfies CommandOption;

/** The options of `login` that replace what discovery would find. They are stored with the server until they are changed. */
export const serverOptions = groupOptions('Settings of this server (stored with it; the value default removes a setting):', [
  {
    flags: '--issuer <url>',
    help: 'use this authorization server (if the server names several, or none)',
    parse: acceptDefault(parseIssuer),
  },
  {
    flags: '--trust-issuer <url>',
    help: 'accept this issuer in the metadata of the authorization server',
    parse: acceptDefault(parseIssuer),
  },
  {
    flags: '--trust-endpoints <hosts>',
    help: 'accept endpoints of the authorization server at these hosts on another site',
    parse: acceptDefault(parseHosts),
  },
  {
    flags: '--metadata-url <url>',
    help: 'URL of the authorization server metadata',
    parse: acceptDefault(urlOf('--metadata-url')),
  },
  {
    flags: '--resource <url>',
    help: 'resource to request a token for, instead of the one that the server names; none to send no resource',
    parse: acceptDefault(parseResource),
    complete: ['none', 'default'],
  },
  {
    flags: '--trust-resource <url>',
    help: 'accept protected resource metadata that names this resource',
    parse: acceptDefault(parseResourceName),
  },
  {
    flags: '--prompt <value>',
    help: 'prompt parameter of the authorization request, such as select_account; none to send none',
    parse: acceptDefault(parsePrompt),
    complete: ['none', 'login', 'consent', 'select_account', 'default'],
  },
  { flags: '--offline-access', help: 'request the scope offline_access even if the authorization server does not list it' },
  { flags: '--no-offline-access', help: 'do not request offline_access even if the authorization server lists it' },
  {
    flags: '--authorize-param <key=value>',
    help: 'extra authorization request parameter (repeatable)',
    parse: parseParameter,
  },
  {
    flags: '--token-auth-method <method>',
    help: `client authentication method: ${authenticationMethodNames.join(', ')}`,
    parse: acceptDefault(parseMethod),
    complete: [...authenticationMethodNames, 'default'],
  },
  {
    flags: '--header <line>',
    help: 'header to send to the MCP server with every request, as "X-Key: value"; ${VAR} is expanded from the environment (repeatable; an empty value removes the header)',
    parse: parseHeader,
  },
  {
    flags: '--client-cert <file>',
    help: 'TLS client certificate to send to the server (mTLS), a PEM file; it is not copied into the store',
    parse: acceptDefault((file) => path.resolve(file)),
    complete: 'file',
  },
  {
    flags: '--client-key <file>',
    help: 'key of the TLS client certificate, if it is in another file',
    parse: acceptDefault((file) => path.resolve(file)),
    complete: 'file',
  },
  {
    flags: '--allow-private-network',
    help: 'accept addresses in a private network or on this machine from a server that is not there itself',
  },
  { flags: '--no-allow-private-network', help: 'undo --allow-private-network' },
  {
    flags: '--allow-missing-pkce-metadata',
    help: 'continue if the authorization server metadata does not mention PKCE (without PKCE, a stolen authorization code can be used)',
  },
  { flags: '--no-allow-missing-pkce-metadata', help: 'undo --allow-missing-pkce-metadata' },
]);

type ServerOptions = ParsedOptions<readonly [typeof scopeOption, ...typeof serverOptions]>;

/** The settings that the options change. An empty value, which is what `default` becomes, removes a setting. */
export function readServerOptions(options: ServerOptions): SettingsChange {
  if (options.clientKey && !options.clientCert) {
    throw new AuthError('usage', '--client-key requires --client-cert.', {
      hint: 'Add --client-cert FILE.',
    });
  }
  const changes = {
    issuer: options.issuer,
    scope: options.scope,
    resource: options.resource,
    trustedIssuer: options.trustIssuer,
    trustedResource: options.trustResource,
    trustedEndpoints: options.trustEndpoints,
    metadataUrl: options.metadataUrl,
    tokenAuthMethod: options.tokenAuthMethod,
    prompt: options.prompt,
    authorizeParameters: options.authorizeParam,
    clientCertFile: options.clientCert,
    clientKeyFile: options.clientKey,
  };
  return {
    ...Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, value === '' ? null : value])),
    offlineAccess: options.offlineAccess,
    // False is the default, so it removes the setting.
    pkceUnadvertised: options.allowMissingPkceMetadata === false ? null : options.allowMissingPkceMetadata,
    privateNetworkAllowed: options.allowPrivateNetwork === false ? null : options.allowPrivateNetwork,
  };
}

/** Wraps a parser so that the value `default` becomes an empty text, which removes the setting. */
export function acceptDefault(parse: (text: string) => string): (text: string) => string {
  return (text) => (text === 'default' ? '' : parse(text));
}

/** Returned unchanged, because issuers are compared as strings (RFC 8414 section 3.3). */
export function parseIssuer(text: string): string {
  parseSafeUrl(text, { what: 'The issuer', code: 'usage' });
  return text;
}

function urlOf(option: string): (text: string) => string {
  return (text) => parseSafeUrl(text, { what: `The address of ${option}`, code: 'usage' }).href;
}

/** RFC 8707 section 2: an absolute URI of any scheme without a fragment. mcp-auth never connects to it. */
function parseResourceName(text: string): string {
  if (URL.canParse(text) && !text.includes('#') && /^[\x21-\x7e]{1,2000}$/.test(text)) return text;
  throw new AuthError('usage', 'A resource is an absolute URI without a fragment, such as https://api.example.com/ or api://name.');
}

/** Hosts separated by commas or spaces, each with its port unless that is 443. */
function parseHosts(text: string): string {
  const hosts = text.split(/[ ,]+/).filter(Boolean).map(parseHost);
  if (hosts.length > 0) return hosts.join(' ');
  throw new AuthError('usage', '--trust-endpoints takes a host such as login.example.com, or several separated by commas.');
}

function parseHost(text: string): string {
  const isBare = /^[\w.:[\]-]+$/.test(text) && URL.canParse(`https://${text}`);
  const url = parseSafeUrl(isBare ? `https://${text}` : text, { what: 'A host of --trust-endpoints', code: 'usage' });
  if (isBare) return url.host;
  throw new AuthError('usage', '--trust-endpoints takes hosts, not URLs.', { hint: `Pass --trust-endpoints ${url.host}` });
}

function parseResource(text: string): string {
  return text === 'none' ? text : parseResourceName(text);
}

function parsePrompt(text: string): string {
  if (/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(text)) return text;
  throw new AuthError('usage', '--prompt takes one or more words, such as consent or "login consent", or none.');
}

function parseMethod(text: string): string {
  if (authenticationMethodNames.includes(text)) return text;
  throw new AuthError('usage', `--token-auth-method must be one of ${authenticationMethodNames.join(', ')}.`);
}

/** Adds a `KEY=VALUE` to the parameters given so far. */
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

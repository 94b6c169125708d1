/** Effects for the requests to one server: the headers of its entry, a TLS client certificate, and the allowed network. */
import type { Effects, Network, ServerAccess } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { isHeaderName, isHeaderValue, reservedHeaders } from '../http/header-line.js';
import { isObject } from '../text/json.js';
import type { ServerEntry } from '../store/document.js';
import { createSealBrokenError } from '../store/seal/seal-errors.js';
import { readSettings, type ServerSettings } from '../store/settings.js';
import { expandVariables, isExpandable } from '../store/variables.js';

type AccessEffects = Pick<Effects, 'env' | 'files' | 'http'>;

/**
 * The same effects, with an `http` that sends the server what its entry has: headers and a TLS client certificate.
 *
 * @throws AuthError `variable_unset` if a variable in a header is not set, `usage` for an invalid header, and as reading the
 * certificate does.
 */
export async function withAccess<E extends AccessEffects>(entry: ServerEntry | undefined, effects: E): Promise<E> {
  checkHeadersOpened(entry);
  return withAccessOf(entry, readHeaders(entry), effects);
}

/** As `withAccess`, but omits headers that cannot be expanded: requests to an authorization server elsewhere do not need them. */
export async function withAccessForRenewal<E extends AccessEffects>(entry: ServerEntry | undefined, effects: E): Promise<E> {
  // The variables of a shell may not be set in a service. A renewal does not need the URL.
  if (typeof entry?.url === 'string' && !isExpandable(entry.url, effects.env)) return effects;
  const expandable = Object.entries(readHeaders(entry)).filter(([name, value]) => {
    try {
      return expandHeaders({ [name]: value }, effects)[name] !== undefined;
    } catch (error) {
      if (hasCode(error, 'variable_unset', 'usage')) return false;
      throw error;
    }
  });
  return withAccessOf(entry, Object.fromEntries(expandable), effects);
}

async function withAccessOf<E extends AccessEffects>(
  entry: ServerEntry | undefined,
  headers: Readonly<Record<string, string>>,
  effects: E,
): Promise<E> {
  if (entry === undefined || typeof entry.url !== 'string') return effects;
  const settings = readSettings(entry);
  if (Object.keys(headers).length === 0 && settings.clientCertFile === undefined) return effects;
  const url = expandVariables(entry.url, effects.env);
  return URL.canParse(url) ? withAccessTo({ url: new URL(url), headers, settings }, effects) : effects;
}

/** As `withAccess`, for a server that is not in the store yet, or will change. */
export async function withAccessTo<E extends AccessEffects>(
  { url, headers, settings }: { url: URL; headers: Readonly<Record<string, string>>; settings: ServerSettings },
  effects: E,
): Promise<E> {
  const access: ServerAccess = {
    origin: url.origin,
    headers: expandHeaders(headers, effects),
    certificate: await readCertificate(settings, effects),
  };
  const isEmpty = Object.keys(access.headers).length === 0 && access.certificate === undefined;
  return isEmpty ? effects : { ...effects, http: effects.http.withServerAccess(access) };
}

/** The same effects, with an `http` that connects to no more private network than `network`. Undefined stands for any network. */
export function withAllowedNetwork<E extends Pick<Effects, 'http'>>(network: Network | undefined, effects: E): E {
  return network === undefined ? effects : { ...effects, http: effects.http.withAllowedNetwork(network) };
}

/**
 * Reads the headers of an entry, by lower-case name, with the values as they were written. Omits `authorization`, which the login
 * sets, and the headers that every request sets itself.
 */
export function readHeaders(entry: ServerEntry | undefined): Record<string, string> {
  const sent = listHeaders(entry).filter((header): header is [string, string] => isSent(...header));
  return Object.fromEntries(sent.map(([name, value]) => [name.toLowerCase(), value]));
}

/** The headers of an entry. Other programs write them, so the values may be of any type. */
function listHeaders(entry: ServerEntry | undefined): [name: string, value: unknown][] {
  return isObject(entry?.headers) ? Object.entries(entry.headers) : [];
}

function isSent(name: string, value: unknown): value is string {
  return (
    typeof value === 'string' && isHeaderName(name) && !reservedHeaders.has(name.toLowerCase()) && name.toLowerCase() !== 'authorization'
  );
}

/** Without its headers, a request would fail without a visible reason. @throws AuthError `seal_broken` */
function checkHeadersOpened(entry: ServerEntry | undefined): void {
  if (typeof entry?.['sealed_headers'] !== 'string') return;
  throw createSealBrokenError(
    'The headers of this server are sealed and cannot be opened: another program has changed its URL, or the sealed text.',
    'Set them again: mcp-auth login NAME --header NAME     Or check the server in the store.',
  );
}

/** Replaces the headers of an entry that `readHeaders` returns; the ones that it omits stay. Changes `entry`. */
export function writeHeaders(entry: ServerEntry, headers: Readonly<Record<string, string>>): void {
  const unchanged = listHeaders(entry).filter(([name, value]) => !isSent(name, value) || headers[name.toLowerCase()] === value);
  const known = new Set(unchanged.map(([name]) => name.toLowerCase()));
  const all = [...unchanged, ...Object.entries(headers).filter(([name]) => !known.has(name))];
  delete entry['sealed_headers'];
  if (all.length > 0) entry.headers = Object.fromEntries(all) as Record<string, string>;
  else if (isObject(entry.headers)) delete entry.headers;
}

/** Reads the `Authorization` header of an entry, which another program or the user has set for a server without a login. */
export function readAuthorizationHeader(entry: ServerEntry | undefined, { env }: Pick<Effects, 'env'>): string | undefined {
  const [, value] = listHeaders(entry).find(([name]) => name.toLowerCase() === 'authorization') ?? [];
  return typeof value === 'string' ? expandHeader({ name: 'authorization', value }, env) : undefined;
}

/**
 * Expands the variables in the values of headers.
 *
 * @throws AuthError `variable_unset`, and `usage` for a value with characters that a header cannot contain.
 */
export function expandHeaders(headers: Readonly<Record<string, string>>, { env }: Pick<Effects, 'env'>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, expandHeader({ name, value }, env)]));
}

function expandHeader({ name, value }: { name: string; value: string }, env: Effects['env']): string {
  const expanded = expandVariables(value, env, `The header ${name}`);
  // The value is not quoted, since a variable may contain a secret.
  if (!isHeaderValue(expanded))
    throw new AuthError('usage', `The value of the header ${name} has characters that a header cannot contain.`);
  return expanded;
}

/** @throws AuthError `file_unreadable`, and `key_unusable` for files that are not a certificate and its key. */
async function readCertificate(
  { clientCertFile, clientKeyFile = clientCertFile }: ServerSettings,
  { files }: Pick<Effects, 'files'>,
): Promise<ServerAccess['certificate']> {
  if (clientCertFile === undefined || clientKeyFile === undefined) return undefined;
  const cert = await files.readText(clientCertFile, 'The client certificate');
  const key = await files.readText(clientKeyFile, 'The key of the client certificate');
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext({ cert, key });
  } catch {
    // The message of OpenSSL is not shown, since it may quote the key.
    throw new AuthError('key_unusable', `The client certificate ${clientCertFile} cannot be used with the key ${clientKeyFile}.`, {
      hint: 'Both must be PEM files that belong together, and the key must have no passphrase: --client-cert FILE --client-key FILE.',
    });
  }
  return { cert, key };
}

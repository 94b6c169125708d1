/** What one server is sent besides: the headers of its entry, and a TLS client certificate. */
import type { Context } from '../context.js';
import type { ServerAccess } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { isHeaderName, isHeaderValue, reservedHeaders } from '../http/header-line.js';
import { isObject } from '../text/json.js';
import type { ServerEntry } from '../store/document.js';
import { readSettings, type ServerSettings } from '../store/settings.js';
import { expandVariables, isExpandable } from '../store/variables.js';

type Machine = Pick<Context, 'env' | 'files' | 'http'>;

/**
 * A context whose requests carry what the entry has for its server.
 *
 * @throws AuthError `variable_unset` for a header whose variable is not set, and what reading the certificate throws.
 */
export async function withAccess<C extends Machine>(entry: ServerEntry | undefined, context: C): Promise<C> {
  return withAccessOf(entry, readHeaders(entry), context);
}

/** The same for requests to its authorization server, which is elsewhere as a rule: a header that cannot be made now is left out. */
export async function withAccessForRenewal<C extends Machine>(entry: ServerEntry | undefined, context: C): Promise<C> {
  // Nor is a URL needed for that: a service has seldom the variables of a shell.
  if (typeof entry?.url === 'string' && !isExpandable(entry.url, context.env)) return context;
  const made = Object.entries(readHeaders(entry)).filter(([name, value]) => {
    try {
      return expandHeaders({ [name]: value }, context)[name] !== undefined;
    } catch (error) {
      if (hasCode(error, 'variable_unset', 'usage')) return false;
      throw error;
    }
  });
  return withAccessOf(entry, Object.fromEntries(made), context);
}

async function withAccessOf<C extends Machine>(
  entry: ServerEntry | undefined,
  headers: Readonly<Record<string, string>>,
  context: C,
): Promise<C> {
  if (entry === undefined || typeof entry.url !== 'string') return context;
  const settings = readSettings(entry);
  if (Object.keys(headers).length === 0 && settings.clientCertFile === undefined) return context;
  const url = expandVariables(entry.url, context.env);
  return URL.canParse(url) ? withAccessTo({ url: new URL(url), headers, settings }, context) : context;
}

/** The same, for a server that is not in the store yet, or not as it will be. */
export async function withAccessTo<C extends Machine>(
  { url, headers, settings }: { url: URL; headers: Readonly<Record<string, string>>; settings: ServerSettings },
  context: C,
): Promise<C> {
  const access: ServerAccess = {
    origin: url.origin,
    headers: expandHeaders(headers, context),
    certificate: await readCertificate(settings, context),
  };
  const isEmpty = Object.keys(access.headers).length === 0 && access.certificate === undefined;
  return isEmpty ? context : { ...context, http: context.http.withServerAccess(access) };
}

/**
 * The headers of an entry by lower-case name, values as they were written: but for `authorization`, whose place is the login's,
 * and for those that a request has by itself.
 */
export function readHeaders(entry: ServerEntry | undefined): Record<string, string> {
  return Object.fromEntries(writtenHeaders(entry).flatMap(([name, value]) => (isSent(name, value) ? [[name.toLowerCase(), value]] : [])));
}

/** As other programs have written them, who may have written anything. */
function writtenHeaders(entry: ServerEntry | undefined): [name: string, value: unknown][] {
  return isObject(entry?.headers) ? Object.entries(entry.headers) : [];
}

function isSent(name: string, value: unknown): value is string {
  return (
    typeof value === 'string' && isHeaderName(name) && !reservedHeaders.has(name.toLowerCase()) && name.toLowerCase() !== 'authorization'
  );
}

/** Puts headers into an entry, in place of those that `headersOf` has of it; what it passes over stays. Changes `entry`. */
export function writeHeaders(entry: ServerEntry, headers: Readonly<Record<string, string>>): void {
  const kept = writtenHeaders(entry).filter(([name, value]) => !isSent(name, value) || headers[name.toLowerCase()] === value);
  const known = new Set(kept.map(([name]) => name.toLowerCase()));
  const all = [...kept, ...Object.entries(headers).filter(([name]) => !known.has(name))];
  if (all.length > 0) entry.headers = Object.fromEntries(all) as Record<string, string>;
  else if (isObject(entry.headers)) delete entry.headers;
}

/** The `Authorization` header that another program, or the person, has put into an entry, which is for a server without a login. */
export function readAuthorizationHeader(entry: ServerEntry | undefined, { env }: Pick<Context, 'env'>): string | undefined {
  const [, value] = writtenHeaders(entry).find(([name]) => name.toLowerCase() === 'authorization') ?? [];
  return typeof value === 'string' ? expandedHeader({ name: 'authorization', value }, env) : undefined;
}

/**
 * Headers with the variables in their values replaced.
 *
 * @throws AuthError `variable_unset`; `usage` for what no header can hold.
 */
export function expandHeaders(headers: Readonly<Record<string, string>>, { env }: Pick<Context, 'env'>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, expandedHeader({ name, value }, env)]));
}

function expandedHeader({ name, value }: { name: string; value: string }, env: Context['env']): string {
  const expanded = expandVariables(value, env, `The header ${name}`);
  // What is in a variable may be secret: it is not quoted.
  if (!isHeaderValue(expanded)) throw new AuthError('usage', `The value of the header ${name} has characters that no header can hold.`);
  return expanded;
}

/** @throws AuthError `file_unreadable`, `key_unusable` for files that are no certificate and key. */
async function readCertificate(
  { clientCertFile, clientKeyFile = clientCertFile }: ServerSettings,
  { files }: Pick<Context, 'files'>,
): Promise<ServerAccess['certificate']> {
  if (clientCertFile === undefined || clientKeyFile === undefined) return undefined;
  const cert = await files.readText(clientCertFile, 'The client certificate');
  const key = await files.readText(clientKeyFile, 'The key of the client certificate');
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext({ cert, key });
  } catch {
    // OpenSSL's own message may quote what it read.
    throw new AuthError('key_unusable', `The client certificate ${clientCertFile} cannot be used with the key ${clientKeyFile}.`, {
      hint: 'Both are PEM files, the key without a passphrase, and the two belong together: --client-cert FILE --client-key FILE.',
    });
  }
  return { cert, key };
}

/** Reads and edits the text of an app's configuration. Files are read and written by connect/. */
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { Env } from '../effects.js';
import { isObject } from '../text/json.js';
import { readLogin } from '../store/login.js';
import { expandsToUrl } from '../store/variables.js';
import type { App, Connection, ConnectionMethod } from './app.js';
import { getValueAt, invalidFileError, type ConfigEntry } from './formats/format.js';
import { translateVariables } from './notation.js';

/** A server in an app's configuration. */
export interface AppServer {
  readonly name: string;
  /** With variables in the store's notation. Absent for a local command. */
  readonly url?: string;
  /** Parts of its URL that only the app can resolve. */
  readonly appVariables: readonly string[];
  /** The name in the store of the server whose login it uses by helper or bridge. */
  readonly login?: string;
  /** How it uses a login of the store; `own` for a remote server that the app logs in to itself. */
  readonly how?: ConnectionMethod | 'own';
  readonly entry: Readonly<Record<string, unknown>>;
}

type Variables = Pick<Env, 'variables'>;
const noVariables: Variables = { variables: {} };

/** The keys under which apps keep a server's URL. */
const urlKeys = ['url', 'httpUrl', 'serverUrl', 'baseUrl', 'uri'];
/** The keys of an entry that say how to connect. A new connection replaces all of them. */
const connectionKeys = [
  ...urlKeys,
  ...['type', 'command', 'cmd', 'args', 'env', 'headers', 'http_headers', 'requestOptions', 'headersHelper', 'http_headers_helper'],
  ...['bearer_token_env_var', 'env_http_headers', 'auth', 'remote', 'source', 'oauth', 'transport', 'bearerToken', 'bearerTokenEnv'],
];

/**
 * Adds or replaces the entry of a server.
 *
 * @throws AuthError `usage` if the app does not support the method, or has another server of that name; `file_invalid`.
 */
export function addConnection(
  text: string,
  {
    app,
    connection,
    how,
    file,
    ours,
    env = noVariables,
  }: { app: App; connection: Connection; how: ConnectionMethod; file: string; ours: string; env?: Variables },
): string {
  const entry = createEntry(app, connection, how);
  const known = readServers(text, { app, file, ours }).find(({ name }) => name === connection.name);
  if (known?.url !== undefined && !expandsToUrl(known.url, connection.url, env)) {
    throw new AuthError('usage', `${app.summary} already has another server called ${connection.name}: ${known.url}.`, {
      hint: 'Choose another name with --as.',
    });
  }
  if (known !== undefined && known.url === undefined && known.how === undefined) {
    throw new AuthError('usage', `${app.summary} already has a local server called ${connection.name}.`, {
      hint: 'Choose another name with --as.',
    });
  }
  checkHasNoLogin(known, { app, file, name: connection.name });
  return app.format.put(text, [...app.servers, connection.name], {
    entry: keepUserSettings(entry, known?.entry),
    replaced: connectionKeys,
  });
}

/** Keeps the user's own headers (except Authorization) or environment variables, if the new entry can have them. */
function keepUserSettings(entry: ConfigEntry, before: Readonly<Record<string, unknown>> = {}): ConfigEntry {
  const isStarted = 'command' in entry || 'cmd' in entry;
  const places = isStarted ? ['env'] : ['headers', 'http_headers'];
  const kept = places.flatMap((place) => {
    const theirs = isObject(before[place]) ? Object.entries(before[place]) : [];
    const others = theirs.filter(([name, value]) => name.toLowerCase() !== 'authorization' && typeof value === 'string');
    return others.length === 0 ? [] : [[place, { ...Object.fromEntries(others), ...(entry[place] as object | undefined) }]];
  });
  return { ...entry, ...(Object.fromEntries(kept) as ConfigEntry) };
}

/**
 * Removes the entry of a server.
 *
 * @param url the server's URL in the store, by which an entry without our command is recognised.
 * @throws AuthError `usage` if the server is not found or was not connected by mcp-auth.
 */
export function removeConnection(
  text: string,
  {
    app,
    name,
    url,
    file,
    ours,
    env = noVariables,
  }: { app: App; name: string; url: string | undefined; file: string; ours: string; env?: Variables },
): string {
  const known = readServers(text, { app, file, ours }).find((one) => one.name === name);
  if (known === undefined) throw new AuthError('usage', `${app.summary} has no server named ${name} in ${file}.`);
  checkHasNoLogin(known, { app, file, name });
  const isSame = known.url !== undefined && url !== undefined && expandsToUrl(known.url, url, env);
  if (known.how === undefined || ((known.how === 'own' || known.how === 'header') && !isSame))
    throw new AuthError('usage', `${name} in ${file} was not connected by mcp-auth.`);
  return app.format.remove(text, [...app.servers, name]);
}

/** An app's file may be another store of mcp-auth. Its logins were not written by `connect` and must not be overwritten. */
function checkHasNoLogin(known: AppServer | undefined, { app, file, name }: { app: App; file: string; name: string }): void {
  const login = readLogin(known?.entry);
  if (login?.refreshToken === undefined && login?.issuer === undefined) return;
  throw new AuthError('usage', `${app.summary} has its own login to ${name} in ${file}, which mcp-auth would overwrite.`, {
    hint: `To use that login: ${formatCommand`mcp-auth token ${name} --store ${file}`}     To log out first: ${formatCommand`mcp-auth logout ${name} --store ${file}`}`,
  });
}

/** @throws AuthError `usage` with the methods that the app supports. */
export function createEntry(app: App, connection: Connection, how: ConnectionMethod): ConfigEntry {
  const entry = app.entries[how]?.(connection);
  if (entry) return entry;
  throw new AuthError('usage', `${app.summary} does not support --how ${how}.`, {
    hint: `It supports ${Object.keys(app.entries).join(', ')}.`,
  });
}

/** Servers in one file: each is compared with every server of the store. */
const maxServers = 10_000;

/**
 * Reads the servers of an app.
 *
 * @param ours the path of this program, by which its entries are recognised.
 * @throws AuthError `file_invalid`, also for more than 10,000 servers.
 */
export function readServers(text: string, { app, file, ours }: { app: App; file: string; ours: string }): AppServer[] {
  const found = getValueAt(app.format.parse(text, file), app.servers);
  const all = isObject(found) ? Object.entries(found) : [];
  if (all.length > maxServers) throw invalidFileError(file, `has ${all.length} servers, more than the limit of ${maxServers}`);
  return all.flatMap(([name, entry]) => (isObject(entry) ? [toAppServer({ name, entry, ours, app })] : []));
}

function toAppServer({ name, entry, ours, app }: { name: string; entry: Record<string, unknown>; ours: string; app: App }): AppServer {
  const written = findUrl(entry);
  const { text: url, appVariables } = translateVariables(written ?? '', { bare: app.allowsBareVariables, isUrl: true });
  const used = findUse(entry, ours);
  const how = used?.how ?? (written === undefined ? undefined : hasToken(entry) ? 'header' : 'own');
  return {
    name,
    entry,
    appVariables,
    ...(written !== undefined && { url }),
    ...(how && { how }),
    ...(used?.login !== undefined && { login: used.login }),
  };
}

/** The URL of an entry, also if it uses mcp-remote. */
function findUrl(entry: Record<string, unknown>): string | undefined {
  const inner = isObject(entry['remote']) ? entry['remote'] : entry;
  const url = urlKeys.map((key) => inner[key]).find((value) => typeof value === 'string');
  if (typeof url === 'string') return url;
  const words = getCommandWords(entry);
  return words.some((word) => /^(@[\w-]+\/)?mcp-remote(@|$)/.test(word)) ? words.find((word) => /^https?:\/\//.test(word)) : undefined;
}

/** How an entry uses a login of the store, and the server's name there. */
function findUse(entry: Record<string, unknown>, ours: string): { how: ConnectionMethod; login: string | undefined } | undefined {
  const words = getCommandWords(entry);
  if (words.includes('bridge') && words.some((word) => isOurs(word, ours)))
    return { how: 'bridge', login: words[words.indexOf('bridge') + 1] };
  const helper = entry['headersHelper'] ?? entry['http_headers_helper'];
  if (typeof helper !== 'string' || !helper.includes(' headers ')) return undefined;
  const isOfUs = helper.includes(ours) || helper.split(/[\s']+/).some((word) => isOurs(word, ours));
  return isOfUs ? { how: 'helper', login: / headers ([\w-]+)/.exec(helper)?.[1] } : undefined;
}

function isOurs(word: string, ours: string): boolean {
  return word === ours || /(^|[/\\])mcp-auth(-cli)?(\.\w+)?($|[/\\])/.test(word);
}

/** The command of an entry, as words. */
function getCommandWords({ command, cmd, args }: Record<string, unknown>): string[] {
  const all: unknown[] = [command, cmd, args].flat();
  return all.filter((word) => typeof word === 'string');
}

function hasToken(entry: Record<string, unknown>): boolean {
  return /"authorization"|"auth"/i.test(JSON.stringify(entry));
}

/** Imports servers and logins from an app. */
import path from 'node:path';
import type { App, CachedLogin } from '../apps/app.js';
import { readServers } from '../apps/configuration.js';
import { readEntryHeaders, type EntryHeader } from '../apps/entry-headers.js';
import { apps } from '../apps/index.js';
import { jsonc } from '../apps/formats/jsonc.js';
import { toml } from '../apps/formats/toml.js';
import { yaml } from '../apps/formats/yaml.js';
import { explainAppVariable } from '../apps/notation.js';
import { getProgramPath, listConfigFiles, readAppEnvironment } from './app-files.js';
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError, hasCode } from '../errors.js';
import { deriveServerName } from '../login/server-name.js';
import { toStoredUrl } from '../login/stored-url.js';
import { quote } from '../text/server-text.js';
import { readHeaders } from '../session/server-access.js';
import { addClient } from '../store/clients.js';
import { findServer, isSameUrl, putServer, listServers, type ServerEntry, type StoreDocument } from '../store/document.js';
import { findFreeName, chooseServerNames } from '../store/usable-name.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';
import { expandVariables, expandsToUrl } from '../store/variables.js';

export interface TakeRequest {
  /** The name of an app, or a file in the format of any app. */
  readonly from: string;
  /** The only server to import. */
  readonly only?: string;
  /** Whether to import logins too. */
  readonly tokens: boolean;
  /** Returns the URL as it is stored. @throws AuthError `usage` for an invalid URL. */
  readonly checkUrl: (url: string) => string;
}

export interface TakenServer {
  /** Its name in the store. */
  readonly name: string;
  /** Its name in the app. */
  readonly nameInApp: string;
  readonly url: string;
  readonly state: 'added' | 'known' | 'logged in' | 'refused';
  /** Why it was not added, and what to do, as sentences. */
  readonly reason?: string;
  readonly hint?: string;
  /** The headers of its entry that were imported, and those that were not. */
  readonly headers: readonly EntryHeader[];
  readonly skippedHeaders: readonly EntryHeader[];
}

interface FoundServer {
  readonly name: string;
  readonly url: string;
  /** Parts of its URL that only the app can resolve. */
  readonly appVariables: readonly string[];
  readonly headers: readonly EntryHeader[];
}

/**
 * Adds the remote servers of an app to the store. Existing entries and logins stay.
 *
 * @throws AuthError `usage` if no server is found, `file_unreadable`, `file_invalid`.
 */
export async function takeServers(request: TakeRequest, context: Context): Promise<TakenServer[]> {
  const app = apps.find(({ name }) => name === request.from);
  const found = removeDuplicates(
    await (app ? readAppServers(app, context) : readFileServers(path.resolve(context.env.folder, request.from), context)),
  );
  const logins = request.tokens && app ? await readAppLogins(app, found, context) : [];
  // The URL decides, not the name: a project may use the name of another server for its own.
  const isOf = (login: CachedLogin, { url }: FoundServer) => expandsToUrl(url, login.url, context.env);
  const [foundBy, loginsBy] = [groupByName(found), groupByName(logins)];
  const others = logins.filter((login) => !foundBy(login.name).some((one) => isOf(login, one)));
  const all = [...found, ...others.map(({ name, url }) => ({ name, url, appVariables: [], headers: [] }))];
  const added: TakenServer[] = [];
  await context.store.update((document) => {
    added.length = 0;
    for (const { server, name } of selectServers(assignNames(all, document, context), request.only)) {
      const login = loginsBy(server.name).find((one) => isOf(one, server));
      added.push(addServer({ document, server, name, login, request, context }));
    }
  });
  if (added.length > 0) return added;
  const hint = all.length > 0 && `Its servers are ${all.map(({ name }) => quote(name)).join(', ')}.`;
  const what = request.only === undefined ? '' : ` called ${request.only}`;
  throw new AuthError('usage', `${request.from} has no remote server${what}.`, { ...(hint && { hint }) });
}

interface Named {
  readonly server: FoundServer;
  /** Its name in the store. */
  readonly name: string;
}

/** Groups by name, in linear time because a file may have any number of servers. */
function groupByName<T extends { readonly name: string }>(all: readonly T[]): (name: string) => readonly T[] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(one.name);
    if (group) group.push(one);
    else groups.set(one.name, [one]);
  }
  return (name) => groups.get(name) ?? [];
}

/** Removes duplicates: an app may list the same server in several files. */
function removeDuplicates(found: readonly FoundServer[]): FoundServer[] {
  return [...new Map(found.map((one) => [JSON.stringify([one.name, one.url]), one])).values()];
}

function assignNames(all: readonly FoundServer[], document: StoreDocument, { env }: Context): Named[] {
  const isSame = (written: unknown, url: string) => isSameServer(written, url, env);
  const ofHost = (url: string) => {
    const address = expandUrl(url, env) ?? '';
    return URL.canParse(address) ? deriveServerName(new URL(address), []) : 'server';
  };
  const names = chooseServerNames(all, { document, isSame, ofHost });
  return all.map((server, index) => ({ server, name: names[index] ?? server.name }));
}

/** The servers with the name `only` in the app, or, if there are none, in the store. */
function selectServers(all: readonly Named[], only: string | undefined): readonly Named[] {
  if (only === undefined) return all;
  const byTheirs = all.filter(({ server }) => server.name === only);
  return byTheirs.length > 0 ? byTheirs : all.filter(({ name }) => name === only);
}

/** Whether an entry has the URL of a server, with or without its variables expanded. */
function isSameServer(written: unknown, url: string, env: Context['env']): boolean {
  if (isSameUrl(written, url)) return true;
  const address = expandUrl(url, env);
  return address !== undefined && expandsToUrl(written, address, env);
}

/** A URL with its variables expanded; undefined if a variable is not set. */
function expandUrl(url: string, env: Context['env']): string | undefined {
  try {
    return expandVariables(url, env);
  } catch (error) {
    if (hasCode(error, 'variable_unset', 'usage')) return undefined;
    throw error;
  }
}

interface TakeInput extends Named {
  readonly document: StoreDocument;
  readonly login: CachedLogin | undefined;
  readonly request: TakeRequest;
  readonly context: Context;
}

function addServer(input: TakeInput): TakenServer {
  const { server, name, context } = input;
  const { name: nameInApp, url } = server;
  try {
    return { name, nameInApp, url, ...putInStore(input) };
  } catch (error) {
    if (!(error instanceof AuthError) || !hasCode(error, 'usage', 'variable_unset')) throw error;
    const hint = createHint(input, context);
    return {
      name,
      nameInApp,
      url,
      state: 'refused',
      reason: error.message,
      headers: [],
      skippedHeaders: [],
      ...(hint && { hint }),
    };
  }
}

function putInStore({
  document,
  server,
  name,
  login,
  request,
  context,
}: TakeInput): Pick<TakenServer, 'state' | 'headers' | 'skippedHeaders'> {
  const { url, appVariables } = server;
  const [first] = appVariables;
  if (first !== undefined) throw new AuthError('usage', `Its URL has ${quote(first)}, ${explainAppVariable(first)}.`);
  const stored = toStoredUrl(url, request.checkUrl, context.env);
  const known = findServer(document, name);
  const isKnown = known !== undefined && isSameServer(known.url, url, context.env);
  const entry = isKnown ? known : putServer(document, { name, url: stored });
  const headers = isKnown ? [] : server.headers.filter(({ problem }) => problem === undefined);
  if (headers.length > 0) entry.headers = Object.fromEntries(headers.map((header) => [header.name, header.value]));
  const storedHeaders = readHeaders(entry);
  const skippedHeaders = server.headers.filter((header) => !Object.hasOwn(storedHeaders, header.name.toLowerCase()));
  return { state: addLogin({ document, entry, name, login }) ?? (isKnown ? 'known' : 'added'), headers, skippedHeaders };
}

function addLogin({
  document,
  entry,
  name,
  login,
}: {
  document: StoreDocument;
  entry: ServerEntry;
  name: string;
  login: CachedLogin | undefined;
}): 'logged in' | undefined {
  if (login === undefined || readLogin(entry) !== undefined) return undefined;
  writeLogin(entry, toLogin(login), name);
  const { issuer, clientId, clientSecret } = login;
  if (issuer === undefined || clientId === undefined) return 'logged in';
  const client = { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) };
  addClient(document, issuer, {
    ...client,
    token_endpoint_auth_method: clientSecret === undefined ? 'none' : 'client_secret_basic',
    obtained_by: 'dynamic_registration',
  });
  return 'logged in';
}

function createHint({ document, server, name }: TakeInput, { env }: Context): string | undefined {
  if (server.appVariables.length > 0) return `Use a URL or \${VARIABLE} there, or run: ${formatCommand`mcp-auth add ${name} URL`}`;
  const known = findServer(document, name);
  if (known === undefined || isSameServer(known.url, server.url, env)) return undefined;
  return `Run: ${formatCommand`mcp-auth add ${findFreeName(name, (one) => findServer(document, one) !== undefined)} URL`}`;
}

/** A login without an issuer cannot be renewed; its token is used until it expires. */
function toLogin({ url, issuer, accessToken, refreshToken, expiresAtSeconds, scope, clientId, tokenEndpoint }: CachedLogin): Login {
  const login = { accessToken, refreshToken, expiresAtSeconds, scope, clientId, tokenEndpoint };
  return { ...login, tokenType: 'bearer', issuer: issuer ?? originOf(tokenEndpoint), resource: url };
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}

async function readAppServers(app: App, context: Context): Promise<FoundServer[]> {
  const place = await readAppEnvironment(app, context);
  const all = await Promise.all(
    listConfigFiles(app, place).map(async (file) => {
      const text = await context.files.readIfThere(file);
      const places = [app.servers, ...(app.projectServers?.(place) ?? [])];
      return places.flatMap((servers) => readRemoteServers(text, { app: { ...app, servers }, file, context }));
    }),
  );
  return all.flat();
}

function readRemoteServers(text: string | undefined, { app, file, context }: { app: App; file: string; context: Context }): FoundServer[] {
  const found = readServers(text ?? '', { app, file, ours: getProgramPath(context) });
  return found.flatMap(({ name, url, appVariables, entry }) => {
    return url === undefined ? [] : [{ name, url, appVariables, headers: readEntryHeaders(entry, { bare: app.allowsBareVariables }) }];
  });
}

/** The servers in a file of any app's format: those under the first key of a known app that has servers. */
async function readFileServers(file: string, context: Context): Promise<FoundServer[]> {
  const text = await context.files.readIfThere(file);
  if (text === undefined) throw new AuthError('file_unreadable', `Neither an app nor a file: ${file}`);
  const format = { '.toml': toml, '.yaml': yaml, '.yml': yaml }[path.extname(file)] ?? jsonc;
  format.parse(text, file);
  const all = apps.filter((app) => app.format.syntax === format.syntax && app.servers.length > 0);
  // Apps with the same key may write variables differently, so the app whose file name matches goes first.
  const known = await Promise.all(all.map(async (app) => ({ app, place: await readAppEnvironment(app, context) })));
  const itsFile = known.filter(({ app, place }) =>
    [false, true].some((project) => lastParts(app.configPath(place, project)) === lastParts(file)),
  );
  const candidates = [...itsFile.map(({ app }) => app), ...all];
  return candidates.map((app) => readRemoteServers(text, { app, file, context })).find((found) => found.length > 0) ?? [];
}

/** A file's name and the name of its folder. */
function lastParts(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.join(path.basename(path.dirname(file)), path.basename(file));
}

async function readAppLogins(app: App, found: readonly FoundServer[], context: Context): Promise<CachedLogin[]> {
  if (app.cache === undefined) {
    throw new AuthError('usage', `mcp-auth cannot read the tokens of ${app.summary}.`, {
      hint: 'Omit --tokens and log in.',
    });
  }
  const stored = listServers(await context.store.read()).flatMap(([name, { url }]) => (typeof url === 'string' ? [{ name, url }] : []));
  const known = [...found, ...stored];
  const sources = app.cache.sources(await readAppEnvironment(app, context), known);
  const all = await Promise.all(sources.map(async ({ path: file, read }) => readAll(await context.files.readIfThere(file), read)));
  return all.flat();
}

function readAll(text: string | undefined, read: (text: string) => CachedLogin[]): CachedLogin[] {
  return text === undefined ? [] : read(text);
}

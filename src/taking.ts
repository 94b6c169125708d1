/** Taking servers, and logins, over from an app that has them already. */
import path from 'node:path';
import type { App, CachedLogin } from './apps/app.js';
import { readServers } from './apps/configuration.js';
import { apps } from './apps/index.js';
import { jsonc } from './apps/formats/jsonc.js';
import { toml } from './apps/formats/toml.js';
import { yaml } from './apps/formats/yaml.js';
import { ours, placeOf } from './connecting.js';
import type { Context } from './context.js';
import { AuthError, hasCode } from './errors.js';
import { putClient } from './store/clients.js';
import { findServer, putServer, serverName, servers } from './store/document.js';
import { readLogin, writeLogin } from './store/login.js';
import { expandVariables, isUrlOf } from './store/variables.js';

export interface TakeRequest {
  /** An app's name, or a file in the notation of any app. */
  readonly from: string;
  /** The one server to take. */
  readonly only?: string;
  /** Whether to take logins too. */
  readonly tokens: boolean;
  /** Throws for a URL that no server may have, and returns it as it is stored. */
  readonly checkUrl: (url: string) => string;
}

export interface Taken {
  readonly name: string;
  readonly url: string;
  readonly state: 'added' | 'known' | 'logged in' | 'refused';
}

interface Found {
  readonly name: string;
  readonly url: string;
}

/**
 * Puts the remote servers of an app into the store. What is there stays: a server that has a login keeps it.
 *
 * @throws AuthError `usage` when nothing is found, `file_unreadable`, `file_invalid`.
 */
export async function takeFrom(request: TakeRequest, context: Context): Promise<Taken[]> {
  const app = apps.find(({ name }) => name === request.from);
  const found = (await (app ? serversOf(app, context) : serversIn(path.resolve(context.env.folder, request.from), context))).filter(
    ({ name }) => request.only === undefined || name === request.only,
  );
  const logins = request.tokens && app ? await loginsOf(app, found, context) : [];
  // A name alone says nothing: a project may call a server of its own by the name of another.
  const isOf = (login: CachedLogin, { name, url }: Found) => login.name === name && isUrlOf(url, login.url, context.env);
  const all = [...found, ...logins.filter((login) => !found.some((one) => isOf(login, one)))];
  if (all.length === 0)
    throw new AuthError('usage', `${request.from} has no remote server${request.only === undefined ? '' : ` called ${request.only}`}.`);
  const taken: Taken[] = [];
  await context.store.update((document) => {
    for (const { name, url } of all) {
      const login = logins.find((one) => isOf(one, { name, url }));
      taken.push({ name, url, state: take({ document, name, url, login, request, context }) });
    }
  });
  return taken;
}

function take({
  document,
  name,
  url,
  login,
  request,
  context,
}: Found & {
  document: Parameters<typeof putServer>[0];
  login: CachedLogin | undefined;
  request: TakeRequest;
  context: Context;
}): Taken['state'] {
  try {
    if (!serverName.test(name)) return 'refused';
    // Checked as it is used, kept as it is written.
    request.checkUrl(expandVariables(url, context.env));
    const known = findServer(document, name) !== undefined;
    const entry = putServer(document, { name, url });
    if (login === undefined || readLogin(entry) !== undefined) return known ? 'known' : 'added';
    writeLogin(entry, { ...loginFrom(login), tokenType: 'bearer' }, name);
    const { issuer, clientId, clientSecret } = login;
    if (issuer !== undefined && clientId !== undefined) {
      const client = { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) };
      putClient(document, issuer, {
        ...client,
        token_endpoint_auth_method: clientSecret === undefined ? 'none' : 'client_secret_basic',
        obtained_by: 'dynamic_registration',
      });
    }
    return 'logged in';
  } catch (error) {
    if (hasCode(error, 'usage', 'variable_unset')) return 'refused';
    throw error;
  }
}

/** Without an issuer, the token is used while it lives, and cannot be renewed. */
function loginFrom({ accessToken, refreshToken, expiresAt, scope, issuer, clientId, tokenEndpoint, url }: CachedLogin) {
  return { accessToken, refreshToken, expiresAt, scope, issuer: issuer ?? originOf(tokenEndpoint), clientId, tokenEndpoint, resource: url };
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}

async function serversOf(app: App, context: Context): Promise<Found[]> {
  const place = placeOf(context);
  const files = [app.configPath(place, false), app.configPath(place, true)].filter((file) => file !== undefined);
  const all = await Promise.all(
    [...new Set(files)].map(async (file) => {
      const text = await context.files.readIfThere(file);
      const places = [app.servers, ...(app.projectServers?.(place) ?? [])];
      return places.flatMap((servers) => remoteServers(text, { app: { ...app, servers }, file, context }));
    }),
  );
  return all.flat();
}

function remoteServers(text: string | undefined, { app, file, context }: { app: App; file: string; context: Context }): Found[] {
  const found = readServers(text ?? '', { app, file, ours: ours(context) });
  return found.flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }]));
}

/** A file in any app's notation: of the places that apps keep their servers in, the first that has some. */
async function serversIn(file: string, context: Context): Promise<Found[]> {
  const text = await context.files.readIfThere(file);
  if (text === undefined) throw new AuthError('file_unreadable', `There is neither an app nor a file called ${file}.`);
  const format = { '.toml': toml, '.yaml': yaml, '.yml': yaml }[path.extname(file)] ?? jsonc;
  format.parse(text, file);
  const candidates = apps.filter((app) => app.format === format && app.servers.length > 0);
  return candidates.map((app) => remoteServers(text, { app, file, context })).find((found) => found.length > 0) ?? [];
}

async function loginsOf(app: App, found: readonly Found[], context: Context): Promise<CachedLogin[]> {
  if (app.cache === undefined) {
    throw new AuthError('usage', `${app.summary} keeps its tokens where mcp-auth cannot read them.`, {
      hint: 'Leave out --tokens, and log in.',
    });
  }
  const stored = servers(await context.store.read()).flatMap(([name, { url }]) => (typeof url === 'string' ? [{ name, url }] : []));
  const known = [...found, ...stored];
  const sources = app.cache.sources(placeOf(context), known);
  const all = await Promise.all(sources.map(async ({ path: file, read }) => readAll(await context.files.readIfThere(file), read)));
  return all.flat();
}

function readAll(text: string | undefined, read: (text: string) => CachedLogin[]): CachedLogin[] {
  return text === undefined ? [] : read(text);
}

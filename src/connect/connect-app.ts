/** Connects an app to a login: changes the app's configuration file, and can undo the change. */
import path from 'node:path';
import type { App, CopiedLogin, ConnectionMethod, AppEnvironment } from '../apps/app.js';
import { addConnection, removeConnection, createEntry, readServers, type AppServer } from '../apps/configuration.js';
import { readEntryHeaders } from '../apps/entry-headers.js';
import { checkNameInApp, chooseNameInApp } from '../apps/name-in-app.js';
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError, hasCode } from '../errors.js';
import { findHomeFolder } from '../folders.js';
import { checkServerUrl } from '../login/server-name.js';
import { hasUnprintable, quote } from '../text/server-text.js';
import { readHeaders } from '../session/server-access.js';
import { getFreshLogin } from '../session/session.js';
import { readClients } from '../store/clients.js';
import { findServer, listServers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { getDefaultStorePath } from '../store/path.js';
import { expandVariables } from '../store/variables.js';

export interface ConnectRequest {
  readonly app: App;
  /** The server's name in the store, and its name in the app. */
  readonly name: string;
  readonly as?: string;
  readonly how?: ConnectionMethod;
  /** Whether to change the project's configuration instead of the user's. */
  readonly project: boolean;
}

/** The text of a file before and after a change. */
export interface FileChange {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** Whether it contains a token after the change. */
  readonly secret: boolean;
}

export interface ConnectionPlan {
  readonly how: ConnectionMethod;
  /** Empty for an app without a configuration file. */
  readonly changes: readonly FileChange[];
  /** The entry as text, for an app that the user configures by hand. */
  readonly snippet: string;
  /** The server's name in the app. */
  readonly nameInApp: string;
  /** Headers that the app sent to the server until now, and that neither the app nor the bridge will send from now on. */
  readonly droppedHeaders: readonly string[];
}

/** An app whose file is the store: it already has the login, and connecting it would overwrite the login. */
export interface AppReadsStore {
  readonly storeFile: string;
}

/** The place of a server in an app's configuration. */
interface Placed {
  readonly file: string;
  readonly before: string;
  readonly calledThere: string;
  readonly entry: AppServer['entry'] | undefined;
}

/** Computes the changes that connect `app`; writes nothing. */
export async function planConnection(request: ConnectRequest, context: Context): Promise<ConnectionPlan | AppReadsStore> {
  const { app, name, project } = request;
  const place = toAppEnvironment(context);
  const url = await urlOf(name, context);
  for (const one of [name, request.as ?? name]) checkShowable(one);
  if (request.as !== undefined) checkNameInApp(app, request.as);
  if (project && app.configPath(place, project) === undefined) {
    throw new AuthError('usage', `${app.summary} does not support a project configuration.`);
  }
  const storeFile = await ownStoreFile(request, context);
  if (storeFile !== undefined) return { storeFile };
  const placed = await placeIn(request, url, context);
  const as = placed?.calledThere ?? request.as ?? name;
  const isBound = readLogin(findServer(await context.store.read(), name))?.tokenType === 'dpop';
  const how = request.how ?? bestWay(app, isBound);
  if (isBound && how !== 'bridge') {
    throw new AuthError('not_a_login', `The token of ${name} is DPoP-bound: only --how bridge can use it.`);
  }
  const login = how === 'header' || how === 'copy' ? await getFreshLogin({ name }, context) : undefined;
  const connection = { name: as, url, token: login?.accessToken ?? '', ...commandsOf(name, context) };
  const entry = createEntry(app, connection, how);
  const snippet = app.format.put('', [...app.servers, as], { entry, replaced: [] });
  const changes: FileChange[] = [];
  if (placed !== undefined) {
    const { file, before } = placed;
    changes.push({
      file,
      before,
      secret: login !== undefined,
      after: addConnection(before, { app, connection, how, file, ours: getProgramPath(context), env: context.env }),
    });
  }
  if (how === 'copy' && login) {
    const copied = await copiedLogin({ name: as, url, login }, context);
    for (const { path, put } of app.cache?.files(place, copied) ?? []) {
      checkHasHome(path);
      const same = changes.find((change) => change.file === path);
      const before = same?.after ?? (await readText(path, context));
      const after = put(before);
      if (same) changes.splice(changes.indexOf(same), 1, { ...same, after });
      else changes.push({ file: path, before, after, secret: true });
    }
  }
  const headersLost = how === 'bridge' ? await headersOnlyIn(placed?.entry ?? {}, request, context) : [];
  return { how, changes, snippet, nameInApp: as, droppedHeaders: headersLost };
}

/**
 * The app's file if it is the store; otherwise undefined.
 *
 * @throws AuthError `usage` if it is the store and the app looks for its servers elsewhere in the file.
 */
async function ownStoreFile({ app, project }: Pick<ConnectRequest, 'app' | 'project'>, context: Context): Promise<string | undefined> {
  const file = app.configPath(toAppEnvironment(context), project);
  if (file === undefined || !(await isStore(file, context))) return undefined;
  if (findsServers(app)) return file;
  throw new AuthError('usage', `${file} is the store, but ${app.summary} looks for its servers elsewhere in that file.`, {
    hint: 'Use a separate file for the store: --store FILE, or MCP_AUTH_STORE.',
  });
}

/** Whether an app keeps its servers under the same key as a store. */
function findsServers({ servers: keys }: App): boolean {
  return keys.join('.') === 'mcpServers';
}

/** Whether `file` is the store. False if this process has no folder for a store. */
async function isStore(file: string, { files, store }: Pick<Context, 'files' | 'store'>): Promise<boolean> {
  try {
    return await files.isSame(file, store.path);
  } catch (error) {
    if (hasCode(error, 'store_unreadable')) return false;
    throw error;
  }
}

/** Finds the place of the server. Undefined for an app without a configuration file. */
async function placeIn(
  { app, name, as, project }: Omit<ConnectRequest, 'how'>,
  url: string | undefined,
  context: Context,
): Promise<Placed | undefined> {
  const file = app.configPath(toAppEnvironment(context), project);
  if (file === undefined) return undefined;
  checkHasHome(file);
  const before = await readText(file, context);
  const there = readServers(before, { app, file, ours: getProgramPath(context) });
  const others = listServers(await context.store.read()).flatMap(([one]) => (one === name ? [] : [one]));
  const calledThere = as ?? chooseNameInApp(there, { app, name, url, others, env: context.env });
  return { file, before, calledThere, entry: there.find((one) => one.name === calledThere)?.entry };
}

/** The headers of an app's entry that the store's entry does not have. The bridge sends only the store's headers. */
async function headersOnlyIn(entry: AppServer['entry'], { app, name }: ConnectRequest, { store }: Context): Promise<string[]> {
  const kept = readHeaders(findServer(await store.read(), name));
  const theirs = readEntryHeaders(entry, { bare: app.allowsBareVariables });
  const isKept = (header: string) => header === 'authorization' || Object.hasOwn(kept, header);
  return theirs.map((one) => one.name).filter((header) => !isKept(header.toLowerCase()));
}

/** The app's preferred connection method. Only the bridge can use a DPoP-bound token. */
function bestWay({ entries }: App, isBound: boolean): ConnectionMethod {
  const ways = Object.keys(entries) as [ConnectionMethod, ...ConnectionMethod[]];
  return isBound && ways.includes('bridge') ? 'bridge' : ways[0];
}

/** Computes the change that removes a server from `app`; writes nothing. */
export async function planRemoval(
  request: Omit<ConnectRequest, 'how'>,
  context: Context,
): Promise<{ change: FileChange; calledThere: string } | AppReadsStore> {
  const { app, name } = request;
  const url = await urlOf(name, context).catch(() => undefined);
  const storeFile = findsServers(app) ? await ownStoreFile(request, context) : undefined;
  const placed = await placeIn(request, url, context);
  // An entry of an older mcp-auth is a command, not a URL, and can be removed.
  if (storeFile !== undefined && placed?.entry?.['url'] !== undefined) return { storeFile };
  if (placed === undefined) throw new AuthError('usage', `${app.summary} has no configuration file that mcp-auth can change.`);
  const { file, before, calledThere } = placed;
  const after = removeConnection(before, { app, name: calledThere, url, file, ours: getProgramPath(context), env: context.env });
  return { change: { file, before, secret: false, after }, calledThere };
}

/** The files of an app that still have a copy of the login after the server was removed from its configuration. */
export async function findRemainingCopies(
  { app, name, as = name }: Pick<ConnectRequest, 'app' | 'name' | 'as'>,
  context: Context,
): Promise<string[]> {
  const url = await urlOf(name, context).catch(() => undefined);
  const sources = app.cache?.sources(toAppEnvironment(context), url === undefined ? [] : [{ name: as, url }]) ?? [];
  const all = await Promise.all(
    sources.map(async ({ path, read }) => {
      const logins = await context.files.readIfThere(path).then((text) => (text === undefined ? [] : read(text)));
      return logins.some((login) => login.name === as) ? [path] : [];
    }),
  );
  return all.flat();
}

/** Writes the changes. Keeps a backup of the original file. */
export async function writeChanges(changes: readonly FileChange[], { files }: Pick<Context, 'files'>): Promise<void> {
  for (const { file, before, after, secret } of changes) if (after !== before) await files.replaceText(file, after, { secret });
}

/** An app and its servers. */
export interface AppListing {
  readonly app: App;
  readonly file: string;
  readonly found: boolean;
  readonly servers: readonly AppServer[];
  /** Why the file cannot be read, as a sentence. */
  readonly problem?: string;
  /** Whether its file is the store. */
  readonly readsStore: boolean;
}

/** Lists every app that has a configuration file, with the servers in it. */
export async function listApps(apps: readonly App[], context: Context): Promise<AppListing[]> {
  const place = toAppEnvironment(context);
  const files = apps.flatMap((app) =>
    [...new Set([app.configPath(place, false), app.configPath(place, true)])].flatMap((file) =>
      file === undefined ? [] : [{ app, file }],
    ),
  );
  return Promise.all(
    files.map(async ({ app, file }) => {
      const readsStore = findsServers(app) && (await isStore(file, context));
      try {
        const text = await context.files.readIfThere(file);
        const all = readServers(text ?? '', { app, file, ours: getProgramPath(context) });
        return { app, file, found: text !== undefined, servers: readsStore ? [] : all, readsStore };
      } catch (error) {
        const problem = error instanceof AuthError ? error.message : 'its configuration cannot be read';
        return { app, file, found: true, servers: [], problem, readsStore };
      }
    }),
  );
}

/** Stands for the missing home folder of a process, as in Debian. Nothing exists below it, and nothing is written there. */
const noHome = path.resolve('/nonexistent');

/** Where apps look for their files: home folder, working folder, platform and environment variables. */
export function toAppEnvironment({ env }: Pick<Context, 'env'>): AppEnvironment {
  const { platform, variables } = env;
  // HOME goes first on Windows too: an app that runs in a Unix shell uses it.
  const { HOME: named } = variables;
  const home = named === undefined || named === '' ? findHomeFolder(env) : named;
  return { home: home ?? noHome, folder: env.folder, platform, variables };
}

function checkHasHome(file: string): void {
  if (!file.startsWith(noHome + path.sep)) return;
  throw new AuthError('file_unwritable', 'The app keeps its configuration in the home folder, but this process has no home folder.', {
    hint: 'Set HOME to the home folder of the user who runs the app.',
  });
}

/** Another program may have stored any name. @throws AuthError `usage` for a name that an app cannot show or pass as an argument. */
function checkShowable(name: string): void {
  if (!hasUnprintable(name) && !name.startsWith('-')) return;
  throw new AuthError('usage', `${quote(name)} cannot be connected: the name begins with “-” or has invisible characters.`, {
    hint: 'Log in to the server under another name: mcp-auth login URL --name NAME',
  });
}

async function readText(file: string, { files }: Context): Promise<string> {
  return (await files.readIfThere(file)) ?? '';
}

async function urlOf(name: string, { store, env }: Context): Promise<string> {
  const entry = findServer(await store.read(), name);
  if (typeof entry?.url === 'string') return checkServerUrl(expandVariables(entry.url, env));
  throw new AuthError('login_needed', `Remote server ${name} not found in the store.`, {
    hint: `Run: ${formatCommand`mcp-auth login URL --name ${name}`}`,
  });
}

/** The commands by which an app starts this program: absolute paths, and --store unless the store is the default. */
function commandsOf(name: string, { env, store }: Context): { helper: string[]; bridge: string[] } {
  // The default path depends on XDG_CONFIG_HOME, which the app may not have.
  const isUsual = store.path === getDefaultStorePath(env) && env.variables['XDG_CONFIG_HOME'] === undefined;
  const where = isUsual ? [] : ['--store', store.path];
  return { helper: [...env.program, 'headers', name, ...where], bridge: [...env.program, 'bridge', name, ...where] };
}

/** The path of this program, by which its entries in an app's file are recognised. */
export function getProgramPath({ env }: Pick<Context, 'env'>): string {
  return env.program.at(-1) ?? '';
}

async function copiedLogin(
  { name, url, login }: { name: string; url: string; login: Login },
  { store, clock }: Context,
): Promise<CopiedLogin> {
  const client = readClients(await store.read(), login.issuer ?? '').find(({ client_id }) => client_id === login.clientId);
  const { accessToken, refreshToken, expiresAtSeconds: expiresAt, scope, issuer, clientId, tokenEndpoint } = login;
  return {
    ...{ name, url, accessToken, refreshToken, expiresAtSeconds: expiresAt, scope, issuer, clientId, tokenEndpoint },
    clientSecret: client?.client_secret,
    nowSeconds: Math.floor(clock.now() / 1000),
  };
}

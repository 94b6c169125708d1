/** Connects an app to a login: changes the app's configuration file, and can undo the change. */
import type { App, ConnectionMethod, CopiedLogin } from '../apps/app.js';
import { requestLentToken } from '../agent-client/lent-token.js';
import { findAtAgents, type ServerAtAgent } from '../agent-client/lookup.js';
import type { LentToken } from '../agent-protocol/messages.js';
import { addConnection, createEntry, readServers, removeConnection, type AppServer } from '../apps/configuration.js';
import { readEntryHeaders } from '../apps/entry-headers.js';
import { checkNameInApp, chooseNameInApp } from '../apps/name-in-app.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { checkServerUrl } from '../login/server-name.js';
import { getBearerToken, isTokenBound } from '../session/bearer-token.js';
import { readHeaders } from '../session/server-access.js';
import { getFreshLogin } from '../session/session.js';
import { findClient } from '../store/clients.js';
import { findServer, listServers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { getDefaultStorePath } from '../store/path.js';
import { expandVariables } from '../store/variables.js';
import { formatCommand } from '../text/command-line.js';
import { hasUnprintable, quote } from '../text/server-text.js';
import { canReadStore, checkHasHome, getProgramPath, isStore, readAppEnvironment } from './app-files.js';

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
interface FoundServer {
  readonly file: string;
  readonly before: string;
  readonly nameInApp: string;
  readonly entry: AppServer['entry'] | undefined;
}

/** Computes the changes that connect `app`; writes nothing. */
export async function planConnection(request: ConnectRequest, context: Context): Promise<ConnectionPlan | AppReadsStore> {
  const { app, name } = request;
  const server = await findConnectedServer(name, context);
  const { url } = server;
  await checkRequest(request, context);
  const storeFile = await findOwnStoreFile(request, context);
  if (storeFile !== undefined) {
    await checkNotSealed(app, storeFile, context);
    return { storeFile };
  }
  const found = await findInConfiguration(request, url, context);
  const nameInApp = found?.nameInApp ?? request.as ?? name;
  const how = await chooseMethod(request, server, context);
  const { login, token } = await readCredentials({ name, how }, server, context);
  const connection = { name: nameInApp, url, token: token ?? '', ...createCommands(name, context) };
  const entry = createEntry(app, connection, how);
  const snippet = app.format.put('', [...app.servers, nameInApp], { entry, replaced: [] });
  let changes: readonly FileChange[] = [];
  if (found !== undefined) {
    const { file, before } = found;
    const after = addConnection(before, { app, connection, how, file, ours: getProgramPath(context), env: context.env });
    changes = [{ file, before, after, secret: token !== undefined }];
  }
  if (how === 'copy' && login)
    changes = await addCopy(changes, { app, login: await toCopiedLogin({ name: nameInApp, url, login }, context) }, context);
  const droppedHeaders = how === 'bridge' ? await findDroppedHeaders(found?.entry ?? {}, request, context) : [];
  return { how, changes, snippet, nameInApp, droppedHeaders };
}

/** What the app's files contain of the login: nothing, unless they contain the token. */
async function readCredentials(
  { name, how }: { name: string; how: ConnectionMethod },
  { lent }: ConnectedServer,
  context: Context,
): Promise<{ readonly login?: Login; readonly token?: string | undefined }> {
  if (how !== 'header' && how !== 'copy') return {};
  if (lent !== undefined) return { token: lent.access_token };
  const login = await getFreshLogin({ name }, context);
  return { login, token: login.accessToken };
}

/** @throws AuthError `usage` for a name or a project that the app does not support. */
async function checkRequest({ app, name, as, project }: ConnectRequest, context: Context): Promise<void> {
  for (const one of [name, as ?? name]) checkShowable(one);
  if (as !== undefined) checkNameInApp(app, as);
  if (project && app.configPath(await readAppEnvironment(app, context), project) === undefined) {
    throw new AuthError('usage', `${app.summary} does not support a project configuration.`);
  }
}

/**
 * The requested connection method, or the app's preferred one. Only the bridge can use a DPoP-bound token.
 *
 * @throws AuthError `token_bound` if the token is DPoP-bound and another method was requested, or the app does not support the bridge.
 */
async function chooseMethod(
  { app, name, how }: ConnectRequest,
  { atAgent }: ConnectedServer,
  { store }: Context,
): Promise<ConnectionMethod> {
  if (atAgent !== undefined) return chooseMethodForAgent({ app, name, how }, atAgent);
  const login = readLogin(findServer(await store.read(), name));
  const methods = Object.keys(app.entries) as [ConnectionMethod, ...ConnectionMethod[]];
  if (login === undefined || !isTokenBound(login)) return how ?? methods[0];
  const chosen = how ?? (methods.includes('bridge') ? 'bridge' : methods[0]);
  const hint = methods.includes('bridge') ? 'Use: --how bridge' : `Use: ${formatCommand`mcp-auth bridge ${name}`}`;
  if (chosen !== 'bridge') getBearerToken(login, { name, hint });
  return chosen;
}

/**
 * The bridge passes requests on to the agent. Other methods need a token, and a copy needs the whole login, which an agent never lends.
 *
 * @throws AuthError `agent_refused`
 */
function chooseMethodForAgent(
  { app, name, how }: Pick<ConnectRequest, 'app' | 'name' | 'how'>,
  { agent }: ServerAtAgent,
): ConnectionMethod {
  const methods = Object.keys(app.entries) as [ConnectionMethod, ...ConnectionMethod[]];
  const possible = methods.filter((one) => one === 'bridge' || (agent.lendsTokens && one !== 'copy'));
  const chosen = how ?? (agent.lendsTokens ? possible[0] : possible.find((one) => one === 'bridge'));
  if (chosen !== undefined && possible.includes(chosen)) return chosen;
  const problem = how === 'copy' ? 'which lends no refresh tokens' : 'which lends no tokens to this machine';
  throw new AuthError('agent_refused', `The login to ${name} is with the agent on ${agent.machine}, ${problem}.`, {
    hint: methods.includes('bridge') ? 'Use: --how bridge' : `Use: ${formatCommand`mcp-auth bridge ${name}`}`,
  });
}

/** Adds the changes that write a login into the app's own cache, which may be a file that is changed already. */
async function addCopy(
  changes: readonly FileChange[],
  { app, login }: { app: App; login: CopiedLogin },
  context: Context,
): Promise<FileChange[]> {
  const all = new Map(changes.map((change) => [change.file, change]));
  for (const { path: file, put } of app.cache?.files(await readAppEnvironment(app, context), login) ?? []) {
    checkHasHome(file);
    const known = all.get(file);
    const before = known?.before ?? (await readText(file, context));
    all.set(file, { file, before, after: put(known?.after ?? before), secret: true });
  }
  return [...all.values()];
}

/**
 * The app's file if it is the store; otherwise undefined.
 *
 * @throws AuthError `usage` if it is the store and the app looks for its servers elsewhere in the file.
 */
async function findOwnStoreFile({ app, project }: Pick<ConnectRequest, 'app' | 'project'>, context: Context): Promise<string | undefined> {
  const file = app.configPath(await readAppEnvironment(app, context), project);
  if (file === undefined || !(await isStore(file, context))) return undefined;
  if (canReadStore(app)) return file;
  throw new AuthError('usage', `${file} is the store, but ${app.summary} looks for its servers elsewhere in that file.`, {
    hint: 'Use a separate file for the store: --store FILE, or MCP_AUTH_STORE.',
  });
}

/** @throws AuthError `usage` for a sealed store, which only mcp-auth can open. */
async function checkNotSealed(app: App, file: string, { store }: Context): Promise<void> {
  const { seal } = await store.readSealState();
  if (seal === undefined) return;
  throw new AuthError(
    'usage',
    `${app.summary} reads the store ${file} itself. The store is sealed, so ${app.summary} cannot read its logins.`,
    {
      hint: `Keep the logins of ${app.summary} in another store: mcp-auth login URL --store FILE     Or unseal this one: mcp-auth unseal`,
    },
  );
}

/** Finds the place of the server. Undefined for an app without a configuration file. */
async function findInConfiguration(
  { app, name, as, project }: Omit<ConnectRequest, 'how'>,
  url: string | undefined,
  context: Context,
): Promise<FoundServer | undefined> {
  const file = app.configPath(await readAppEnvironment(app, context), project);
  if (file === undefined) return undefined;
  checkHasHome(file);
  const before = await readText(file, context);
  const there = readServers(before, { app, file, ours: getProgramPath(context) });
  const others = listServers(await context.store.read()).flatMap(([one]) => (one === name ? [] : [one]));
  const nameInApp = as ?? chooseNameInApp(there, { app, name, url, others, env: context.env });
  return { file, before, nameInApp, entry: there.find((one) => one.name === nameInApp)?.entry };
}

/** The headers of an app's entry that the store's entry does not have. The bridge sends only the store's headers. */
async function findDroppedHeaders(entry: AppServer['entry'], { app, name }: ConnectRequest, { store }: Context): Promise<string[]> {
  const kept = readHeaders(findServer(await store.read(), name));
  const theirs = readEntryHeaders(entry, { bare: app.allowsBareVariables });
  const isKept = (header: string) => header === 'authorization' || Object.hasOwn(kept, header);
  return theirs.map((one) => one.name).filter((header) => !isKept(header.toLowerCase()));
}

/** Computes the change that removes a server from `app`; writes nothing. */
export async function planRemoval(
  request: Omit<ConnectRequest, 'how'>,
  context: Context,
): Promise<{ change: FileChange; nameInApp: string } | AppReadsStore> {
  const { app, name } = request;
  const url = await readServerUrl(name, context).catch(() => undefined);
  const storeFile = canReadStore(app) ? await findOwnStoreFile(request, context) : undefined;
  const found = await findInConfiguration(request, url, context);
  // An entry of an older mcp-auth is a command, not a URL, and can be removed.
  if (storeFile !== undefined && found?.entry?.['url'] !== undefined) return { storeFile };
  if (found === undefined) throw new AuthError('usage', `${app.summary} has no configuration file that mcp-auth can change.`);
  const { file, before, nameInApp } = found;
  const after = removeConnection(before, { app, name: nameInApp, url, file, ours: getProgramPath(context), env: context.env });
  return { change: { file, before, secret: false, after }, nameInApp };
}

/** The files of an app that still have a copy of the login after the server was removed from its configuration. */
export async function findRemainingCopies(
  { app, name, as = name }: Pick<ConnectRequest, 'app' | 'name' | 'as'>,
  context: Context,
): Promise<string[]> {
  const url = await readServerUrl(name, context).catch(() => undefined);
  const sources = app.cache?.sources(await readAppEnvironment(app, context), url === undefined ? [] : [{ name: as, url }]) ?? [];
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

interface ConnectedServer {
  readonly url: string;
  /** Present if the login is at an agent. */
  readonly atAgent?: ServerAtAgent;
  readonly lent?: LentToken;
}

/** The URL of a server, of the store or of an agent, which shows the whole URL only where it lends tokens. */
async function findConnectedServer(name: string, context: Context): Promise<ConnectedServer> {
  const atAgent = await findAtAgents({ name }, context);
  if (atAgent === undefined) return { url: await readServerUrl(name, context) };
  if (!atAgent.agent.lendsTokens) return { url: atAgent.url, atAgent };
  const lent = await requestLentToken(atAgent, {}, context);
  return { url: checkServerUrl(lent.url ?? atAgent.url), atAgent, lent };
}

async function readServerUrl(name: string, { store, env }: Context): Promise<string> {
  const entry = findServer(await store.read(), name);
  if (typeof entry?.url === 'string') return checkServerUrl(expandVariables(entry.url, env));
  throw new AuthError('login_needed', `The store has no server named ${name}.`, {
    hint: `Run: ${formatCommand`mcp-auth login URL --name ${name}`}`,
  });
}

/** The commands by which an app starts this program: absolute paths, and --store unless the store is the default. */
function createCommands(name: string, { env, store }: Context): { helper: string[]; bridge: string[] } {
  // The default path depends on XDG_CONFIG_HOME, which the app may not have.
  const isUsual = store.path === getDefaultStorePath(env) && env.variables['XDG_CONFIG_HOME'] === undefined;
  const where = isUsual ? [] : ['--store', store.path];
  return { helper: [...env.program, 'headers', name, ...where], bridge: [...env.program, 'bridge', name, ...where] };
}

async function toCopiedLogin(
  { name, url, login }: { name: string; url: string; login: Login },
  { store, clock }: Context,
): Promise<CopiedLogin> {
  const client = findClient(await store.read(), login.issuer, login.clientId);
  const { accessToken, refreshToken, expiresAtSeconds, scope, issuer, clientId, tokenEndpoint } = login;
  return {
    ...{ name, url, accessToken, refreshToken, expiresAtSeconds, scope, issuer, clientId, tokenEndpoint },
    clientSecret: client?.client_secret,
    nowSeconds: Math.floor(clock.now() / 1000),
  };
}

import { findAtAgents } from '../agent-client/lookup.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { findServer, putServer, listServers, type ServerEntry, type StoreDocument } from '../store/document.js';
import { checkLoginAllowed, readLogin } from '../store/login.js';
import { expandVariables, expandsToUrl } from '../store/variables.js';
import { checkServerName, checkServerUrl, deriveServerName } from './server-name.js';

/** The server to log in to. */
export interface LoginTarget {
  readonly name: string;
  /** The URL as the user wrote it. */
  readonly url: string;
  /** The URL with its variables expanded. */
  readonly expandedUrl: string;
}

/** A server in the store that has a URL. */
type RemoteServer = ServerEntry & Omit<LoginTarget, 'expandedUrl'>;

/**
 * Finds the server that the user means: by a URL, or by a name in the store. Without either, the only server in the store, or the
 * one that the user chooses or types.
 *
 * @throws AuthError `usage` if that is not clear, with the names in the store as its hint.
 */
export async function findTarget(
  { server, name }: { server: string | undefined; name: string | undefined },
  context: Context,
): Promise<LoginTarget> {
  const document = await context.store.read();
  const remote = listServers(document).flatMap(([one, { url, ...entry }]) =>
    typeof url === 'string' ? [{ ...entry, name: one, url }] : [],
  );
  const words = (server ?? (await chooseServer(remote, context))).trim();
  const named = remote.find((one) => one.name === words);
  if (named === undefined && !words.includes('://')) throw createNoServerError(words, remote);
  if (named === undefined) return findTargetByUrl({ url: checkServerUrl(words), name, remote, document }, context);
  if (name !== undefined && name !== words) throw new AuthError('usage', `${words} already has a name. Use --name with a URL only.`);
  return createTarget(named, context);
}

/** A server that the store does not have, and that an agent knows by that name. Its URL is shown without its keys. */
export async function findAgentTarget(given: string | undefined, context: Context): Promise<LoginTarget | undefined> {
  if (given === undefined || given.includes('://') || findServer(await context.store.read(), given) !== undefined) return undefined;
  const found = await findAtAgents({ name: given }, context);
  return found && { name: given, url: found.url, expandedUrl: found.url };
}

/** The server in the store that has this URL, and the requested name if there is one. Otherwise a new server. */
function findTargetByUrl(
  { url, name, remote, document }: { url: string; name: string | undefined; remote: RemoteServer[]; document: StoreDocument },
  context: Context,
): LoginTarget {
  const same = remote.filter((one) => expandsToUrl(one.url, url, context.env));
  const known = name === undefined ? same[0] : same.find((one) => one.name === name);
  if (known) return createTarget(known, context);
  if (name === undefined) return { name: deriveServerName(new URL(url), Object.keys(document.mcpServers ?? {})), url, expandedUrl: url };
  // Throws if the name is used. The changed document is not written.
  putServer(document, { name: checkServerName(name), url });
  return { name, url, expandedUrl: url };
}

function createTarget(server: RemoteServer, { env }: Context): LoginTarget {
  checkLoginAllowed(server, server.name);
  return { name: server.name, url: server.url, expandedUrl: checkServerUrl(expandVariables(server.url, env)) };
}

async function chooseServer(remote: RemoteServer[], { ui, signal }: Context): Promise<string> {
  const [first] = remote;
  if (first !== undefined && remote.length === 1) return first.name;
  if (ui.input !== 'terminal') {
    throw new AuthError('usage', first === undefined ? 'No server was named, and the store has none.' : 'No server was named.', {
      hint: first === undefined ? 'Run: mcp-auth login URL' : `The store has ${formatNames(remote)}.`,
    });
  }
  if (first === undefined) return (await ui.ask({ message: 'URL of the MCP server:', signal })) ?? '';
  // Those that need a login come first.
  const sorted = [...remote.filter((one) => !isLoggedIn(one)), ...remote.filter(isLoggedIn)];
  const choices = sorted.map((one) => ({ name: `${one.name}  ${one.url}${isLoggedIn(one) ? '  (logged in)' : ''}`, value: one.name }));
  return ui.choose({ message: 'Log in to which server?', choices, signal });
}

function isLoggedIn(server: RemoteServer): boolean {
  const login = readLogin(server);
  return login !== undefined && login.endedAtSeconds === undefined;
}

function createNoServerError(words: string, remote: RemoteServer[]): AuthError {
  const looksLikeHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(words);
  const known = remote.length > 0 ? `The store has ${formatNames(remote)}.` : 'Run: mcp-auth login URL';
  return new AuthError('usage', `${JSON.stringify(words)} is neither an http(s) URL nor the name of a remote server in the store.`, {
    hint: looksLikeHost ? `Pass the whole URL, such as https://${words}` : known,
  });
}

function formatNames(remote: RemoteServer[]): string {
  return remote.map(({ name }) => name).join(', ');
}

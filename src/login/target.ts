import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { putServer, listServers, type ServerEntry, type StoreDocument } from '../store/document.js';
import { checkLoginAllowed } from '../store/login.js';
import { expandVariables, expandsToUrl } from '../store/variables.js';
import { checkServerName, checkServerUrl, deriveServerName } from './server-name.js';

/** The server to log in to, with the URL as it was written. */
export interface LoginTarget {
  readonly name: string;
  readonly url: string;
  /** The same with its `${VAR}` in place. */
  readonly expandedUrl: string;
}

/** A server of the store that has a URL. */
type RemoteServer = ServerEntry & Omit<LoginTarget, 'expandedUrl'>;

/**
 * Which server is meant: a URL, a name in the store, or, with neither, the only server in the store, the one chosen
 * among them, or the one whose URL is typed.
 *
 * @throws AuthError `usage` when that cannot be told, with the names that the store has.
 */
export async function findTarget(
  { server, name }: { server: string | undefined; name: string | undefined },
  context: Context,
): Promise<LoginTarget> {
  const document = await context.store.read();
  const remote = listServers(document).flatMap(([one, { url, ...entry }]) =>
    typeof url === 'string' ? [{ ...entry, name: one, url }] : [],
  );
  const asked = (server ?? (await chosenServer(remote, context))).trim();
  const named = remote.find((one) => one.name === asked);
  if (named === undefined && !asked.includes('://')) throw unknownServer(asked, remote);
  if (named === undefined) return targetForUrl({ url: checkServerUrl(asked), name, remote, document }, context);
  if (name !== undefined && name !== asked) throw new AuthError('usage', `${asked} has its name already; --name is for a URL.`);
  return targetInStore(named, context);
}

/** The entry that has this URL already, under the name that was asked for, or else a new one. */
function targetForUrl(
  { url, name, remote, document }: { url: string; name: string | undefined; remote: RemoteServer[]; document: StoreDocument },
  context: Context,
): LoginTarget {
  const same = remote.filter((one) => expandsToUrl(one.url, url, context.env));
  const known = name === undefined ? same[0] : same.find((one) => one.name === name);
  if (known) return targetInStore(known, context);
  if (name === undefined) return { name: deriveServerName(new URL(url), Object.keys(document.mcpServers ?? {})), url, expandedUrl: url };
  // This copy of the document goes nowhere; it is asked whether the name is free.
  putServer(document, { name: checkServerName(name), url });
  return { name, url, expandedUrl: url };
}

function targetInStore(server: RemoteServer, { env }: Context): LoginTarget {
  checkLoginAllowed(server, server.name);
  return { name: server.name, url: server.url, expandedUrl: checkServerUrl(expandVariables(server.url, env)) };
}

async function chosenServer(remote: RemoteServer[], { ui, signal }: Context): Promise<string> {
  const [first] = remote;
  if (first !== undefined && remote.length === 1) return first.name;
  if (ui.input !== 'terminal') {
    throw new AuthError('usage', first === undefined ? 'No server was named, and the store has none.' : 'No server was named.', {
      hint: first === undefined ? 'Run: mcp-auth login URL' : `The store has ${namesOf(remote)}.`,
    });
  }
  if (first === undefined) return (await ui.ask({ message: 'URL of the MCP server:', signal })) ?? '';
  const choices = remote.map(({ name, url }) => ({ name: `${name}  ${url}`, value: name }));
  return ui.choose({ message: 'Log in to which server?', choices, signal });
}

function unknownServer(asked: string, remote: RemoteServer[]): AuthError {
  const looksLikeHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(asked);
  const known = remote.length > 0 ? `The store has ${namesOf(remote)}.` : 'Run: mcp-auth login URL';
  return new AuthError('usage', `${JSON.stringify(asked)} is neither an http(s) URL nor the name of a remote server in the store.`, {
    hint: looksLikeHost ? `Give the whole URL, as https://${asked}` : known,
  });
}

function namesOf(remote: RemoteServer[]): string {
  return remote.map(({ name }) => name).join(', ');
}

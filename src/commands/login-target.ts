import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { servers, type ServerEntry } from '../store/document.js';
import { checkServerName, nameFromUrl } from './server-name.js';

/** The server to log in to, with the URL as it was written. */
export interface LoginTarget {
  readonly name: string;
  readonly url: string;
}

/** A server of the store that has a URL. */
type RemoteServer = ServerEntry & LoginTarget;

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
  const all = servers(await context.store.read());
  const remote = all.flatMap(([one, { url, ...entry }]) => (typeof url === 'string' ? [{ ...entry, name: one, url }] : []));
  const asked = (server ?? (await chosenServer(remote, context))).trim();
  const named = remote.find((one) => one.name === asked);
  if (named === undefined && !asked.includes('://')) throw unknownServer(asked, remote);
  if (named === undefined) return targetForUrl({ url: checkUrl(asked), name, remote, taken: all.map(([one]) => one) });
  if (name !== undefined && name !== asked) throw new AuthError('usage', `${asked} has its name already; --name is for a URL.`);
  return targetInStore(named);
}

/** The entry that has this URL already, under the name that was asked for, or else a new one. */
function targetForUrl({ url, name, remote, taken }: { url: string; name?: string; remote: RemoteServer[]; taken: string[] }): LoginTarget {
  const same = remote.filter((one) => URL.canParse(one.url) && new URL(one.url).href === new URL(url).href);
  const known = name === undefined ? same[0] : same.find((one) => one.name === name);
  if (known) return targetInStore(known);
  if (name === undefined) return { name: nameFromUrl(new URL(url), taken), url };
  if (!taken.includes(checkServerName(name))) return { name, url };
  throw new AuthError('usage', `The name ${name} is taken by ${remote.find((one) => one.name === name)?.url ?? 'a local command'}.`, {
    hint: `Choose another --name, or run: mcp-auth remove ${name}`,
  });
}

/** A server that has an API key or a password keeps it: a login would put a token in its place. */
function targetInStore({ name, url, auth }: RemoteServer): LoginTarget {
  if (auth?.type === undefined || auth.type === 'bearer') return { name, url: checkUrl(url) };
  throw new AuthError('usage', `${name} is authenticated by ${JSON.stringify(auth.type)}, which a login would overwrite.`, {
    hint: `Log in under another name: mcp-auth login ${url} --name NAME`,
  });
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

function checkUrl(url: string): string {
  parseSafeUrl(url, { what: 'The server’s URL', code: 'usage', hint: 'It begins with https://, or with http:// on this machine.' });
  // A fragment is never sent, and is no part of a resource's name (RFC 8707 section 2).
  return url.replace(/#.*$/, '');
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

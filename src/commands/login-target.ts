import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { findServer, servers, type ServerEntry } from '../store/document.js';
import { checkServerName, nameFromUrl } from './server-name.js';

/** The server to log in to, with the URL as it was written. */
export interface LoginTarget {
  readonly name: string;
  readonly url: string;
}

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
  const remote = servers(await context.store.read()).filter(([, entry]) => typeof entry.url === 'string');
  const asked = server ?? (await chosenServer(remote, context));
  const entry = findServer({ mcpServers: Object.fromEntries(remote) }, asked);
  if (entry?.url !== undefined) {
    if (name !== undefined && name !== asked) throw new AuthError('usage', `${asked} has its name already; --name is for a URL.`);
    return { name: asked, url: checkUrl(entry.url) };
  }
  if (!asked.includes('://')) throw unknownServer(asked, remote);
  return targetForUrl({ url: checkUrl(asked), name }, remote);
}

function targetForUrl({ url, name }: { url: string; name: string | undefined }, remote: [string, ServerEntry][]): LoginTarget {
  const same = (entry: ServerEntry) => URL.canParse(entry.url ?? '') && new URL(entry.url ?? '').href === new URL(url).href;
  if (name === undefined) {
    const known = remote.find(([, entry]) => same(entry));
    return known
      ? { name: known[0], url: known[1].url ?? url }
      : {
          name: nameFromUrl(
            new URL(url),
            remote.map(([one]) => one),
          ),
          url,
        };
  }
  const taken = remote.find(([one]) => one === checkServerName(name));
  if (taken === undefined) return { name, url };
  if (same(taken[1])) return { name, url: taken[1].url ?? url };
  throw new AuthError('usage', `The name ${name} is taken by ${taken[1].url}.`, {
    hint: `Choose another --name, or run: mcp-auth remove ${name}`,
  });
}

async function chosenServer(remote: [string, ServerEntry][], { ui, signal }: Context): Promise<string> {
  const [first] = remote;
  if (first !== undefined && remote.length === 1) return first[0];
  if (ui.input !== 'terminal') {
    throw new AuthError('usage', first === undefined ? 'No server was named, and the store has none.' : 'No server was named.', {
      hint: first === undefined ? 'Run: mcp-auth login URL' : `The store has ${namesOf(remote)}.`,
    });
  }
  if (first !== undefined) {
    const choices = remote.map(([name, { url }]) => ({ name: `${name}  ${url}`, value: name }));
    return ui.choose({ message: 'Log in to which server?', choices, signal });
  }
  return ((await ui.ask({ message: 'URL of the MCP server:', signal })) ?? '').trim();
}

function checkUrl(url: string): string {
  parseSafeUrl(url.trim(), { what: 'The server’s URL', code: 'usage', hint: 'It begins with https://, or with http:// on this machine.' });
  // A fragment is never sent, and is no part of a resource's name (RFC 8707 section 2).
  return url.trim().replace(/#.*$/, '');
}

function unknownServer(asked: string, remote: [string, ServerEntry][]): AuthError {
  const looksLikeHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(asked);
  return new AuthError('usage', `${JSON.stringify(asked)} is neither an http(s) URL nor the name of a remote server in the store.`, {
    hint: looksLikeHost
      ? `Give the whole URL, as https://${asked}`
      : remote.length > 0
        ? `The store has ${namesOf(remote)}.`
        : 'Run: mcp-auth login URL',
  });
}

function namesOf(remote: [string, ServerEntry][]): string {
  return remote.map(([name]) => name).join(', ');
}

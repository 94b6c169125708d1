import type { Context } from '../context.js';
import { ownCommand } from '../command-line.js';
import { AuthError } from '../errors.js';
import { freshLogin, loginOfUrl } from '../session/session.js';
import { expandedHeaders, headersOf, ownAuthorization } from '../session/server-access.js';
import { findServer, type ServerEntry } from '../store/document.js';
import { isUrlOf } from '../store/variables.js';
import { readLogin } from '../store/login.js';
import type { Command } from './command.js';
import { setIn } from './client-options.js';
import { shownUrl } from '../server-text.js';

interface Options {
  url?: string;
}

export const headers: Command<Options> = {
  description:
    'Prints the headers that a request to the server needs, as one JSON object: what apps with a headers helper ask for whenever they connect.',
  arguments: [{ syntax: '[name]', help: 'name of a server in the store', complete: 'server' }],
  options: [{ flags: '--url <url>', help: 'find the server by its URL (or CLAUDE_CODE_MCP_SERVER_URL)' }],
  examples: ['headers linear', 'headers --url https://mcp.linear.app/mcp'],
  run: async ({ arguments: [asked], options: { url } }, context) => {
    const name = asked ?? (await nameByUrl(url, context));
    const entry = findServer(await context.store.read(), name);
    if (asked !== undefined) checkUrl({ name, entry, url: url ?? setIn(context.env, 'CLAUDE_CODE_MCP_SERVER_URL') }, context);
    const own = expandedHeaders(headersOf(entry), context);
    const authorization = readLogin(entry) === undefined ? ownAuthorization(entry, context) : undefined;
    context.ui.document({ ...own, Authorization: authorization ?? (await tokenHeader(name, context)) });
  },
};

/**
 * An app that asks for a server by its name may have it at another URL, as a project's configuration gives it: the token is not for
 * that one.
 *
 * @throws AuthError `login_needed`.
 */
function checkUrl({ name, entry, url }: { name: string; entry: ServerEntry | undefined; url: string | undefined }, { env }: Context): void {
  if (url === undefined || entry?.url === undefined || isUrlOf(entry.url, url, env)) return;
  throw new AuthError('login_needed', `The login to ${name} is for another URL than ${shownUrl(url)}, so its token was not printed.`, {
    hint: `Log in to that server: ${ownCommand`mcp-auth login ${shownUrl(url)}`}`,
  });
}

async function tokenHeader(name: string, context: Context): Promise<string> {
  const { accessToken, tokenType } = await freshLogin({ name }, context);
  if (tokenType !== 'dpop') return `Bearer ${accessToken}`;
  throw new AuthError('not_a_login', `The token of ${name} is bound to a key (DPoP): a header alone cannot use it.`, {
    hint: `Use: ${ownCommand`mcp-auth bridge ${name}`}`,
  });
}

async function nameByUrl(asked: string | undefined, context: Context): Promise<string> {
  const url = asked ?? setIn(context.env, 'CLAUDE_CODE_MCP_SERVER_URL');
  if (url === undefined) throw new AuthError('usage', 'No server was named.', { hint: 'Give its name, or --url URL.' });
  return loginOfUrl(url, context);
}

import { requestLentToken } from '../agent-client/lent-token.js';
import { findAtAgents } from '../agent-client/lookup.js';
import type { Context } from '../context.js';
import type { Env } from '../effects.js';
import { helperUrlVariables } from '../apps/helper-variables.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { getBearerToken } from '../session/bearer-token.js';
import { getFreshLogin, findServerNameByUrl } from '../session/session.js';
import { expandHeaders, readHeaders, readAuthorizationHeader } from '../session/server-access.js';
import { isResourceFor, isParentResource } from '../oauth/resource.js';
import { quote } from '../text/server-text.js';
import { findServer, type ServerEntry } from '../store/document.js';
import { readLogin } from '../store/login.js';
import { expandVariables, isExpandable, expandsToUrl, readVariable } from '../store/variables.js';
import type { Command, CommandOption } from './command.js';

const options = [
  { flags: '--url <url>', help: 'find the server by URL (or CLAUDE_CODE_MCP_SERVER_URL)' },
] as const satisfies readonly CommandOption[];

export const headers: Command<typeof options> = {
  description:
    'Print the headers that a request to the server needs as one JSON object, for apps that run a headers helper when they connect.',
  arguments: [{ syntax: '[name]', help: 'name of a server in the store', complete: 'server' }],
  options,
  examples: ['headers linear', 'headers --url https://mcp.linear.app/mcp'],
  run: async ({ arguments: [asked], options: { url } }, context) => {
    const wanted = asked === undefined ? { url: readUrl(url, context) } : { name: asked };
    const server = await findAtAgents(wanted, context);
    if (server !== undefined) {
      const lent = await requestLentToken(server, {}, context);
      checkUrl({ name: server.name, entry: { url: lent.url ?? '' }, url }, context);
      context.ui.document(lent.headers);
      return;
    }
    const name = wanted.name ?? (await findServerNameByUrl(wanted.url, context));
    const entry = findServer(await context.store.read(), name);
    checkUrl({ name, entry, url }, context);
    const own = expandHeaders(readHeaders(entry), context);
    const authorization = readLogin(entry) === undefined ? readAuthorizationHeader(entry, context) : undefined;
    context.ui.document({ ...own, Authorization: authorization ?? (await createAuthorization(name, context)) });
  },
};

async function createAuthorization(name: string, context: Context): Promise<string> {
  const login = await getFreshLogin({ name }, context);
  return `Bearer ${getBearerToken(login, { name, hint: `Use: ${formatCommand`mcp-auth bridge ${name}`}` })}`;
}

/**
 * Checks the URL to which the app will send the headers: a project's configuration may pair this server's name with another URL.
 *
 * @throws AuthError `url_refused`.
 */
function checkUrl({ name, entry, url }: { name: string; entry: ServerEntry | undefined; url: string | undefined }, { env }: Context): void {
  for (const asked of [url, ...helperUrlVariables.map((variable) => readVariable(env, variable))]) {
    if (asked === undefined || entry === undefined || isPlace(entry.url, asked, env)) continue;
    throw new AuthError('url_refused', `${name} is not the server at ${quote(asked)}. Its headers are only for ${quote(entry.url)}.`, {
      hint: 'Compare the URL of the server in the app with the output of: mcp-auth list',
    });
  }
}

/** Whether a server of the store has that URL. Ignores a slash at the end, and the query if the store's URL has none. */
function isPlace(written: unknown, asked: string, env: Env): boolean {
  if (expandsToUrl(written, asked, env)) return true;
  if (typeof written !== 'string' || !isExpandable(written, env) || !URL.canParse(asked)) return false;
  const address = expandVariables(written, env);
  if (!URL.canParse(address)) return false;
  const { href } = new URL(address);
  return isResourceFor(href, new URL(asked)) && !isParentResource(href, new URL(asked));
}

/** @throws AuthError `usage` */
function readUrl(asked: string | undefined, { env }: Context): string {
  const named = helperUrlVariables.map((variable) => readVariable(env, variable));
  const url = asked ?? named.find((one) => one !== undefined);
  if (url !== undefined) return url;
  throw new AuthError('usage', 'A server is required.', { hint: 'Pass its name, or --url URL.' });
}

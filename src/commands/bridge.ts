import { findAtAgents } from '../agent-client/lookup.js';
import { runBridgeAtAgent } from '../bridge/agent-lines.js';
import { runBridge, transports, type TransportChoice } from '../bridge/bridge.js';
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import type { Target } from '../bridge/target-login.js';
import { expandHeaders, readAuthorizationHeader, withAccess } from '../session/server-access.js';
import { findServer, listServers, type ServerEntry } from '../store/document.js';
import { expandVariables, expandsToUrl } from '../store/variables.js';
import { groupOptions, type Command, type CommandOption } from './command.js';
import { parseHeader } from './header-option.js';
import { checkServerUrl } from '../login/server-name.js';

const options = [
  {
    flags: '--header <line>',
    help: 'header to send with every request, as "X-Key: value"; ${VAR} is expanded from the environment (repeatable)',
    parse: parseHeader,
  },
  {
    flags: '--transport <which>',
    help: `transport: ${Object.keys(transports).join(', ')} (default: http-first)`,
    parse: parseTransport,
    complete: Object.keys(transports),
  },
  { flags: '--no-login', help: 'do not offer a login to the app: answer requests that need one with an error' },
  // So that the bridge can replace mcp-remote in a configuration.
  ...groupOptions('Options of mcp-remote:', [
    { flags: '--allow-http', help: 'accepted for mcp-remote; plain http works only to this machine' },
    { flags: '--silent', help: 'accepted for mcp-remote; the bridge logs nothing' },
    { flags: '--enable-proxy', help: 'accepted for mcp-remote; HTTPS_PROXY is always used' },
    unsupported('--auth-timeout <seconds>', 'use mcp-auth login --timeout'),
    unsupported('--host <host>', 'the bridge does not listen; use mcp-auth login --redirect-uri'),
    unsupported('--static-oauth-client-info <json>', 'use mcp-auth login --client-id'),
    unsupported('--static-oauth-client-metadata <json>', 'use mcp-auth login --scope and --redirect-uri'),
    unsupported('--resource <resource>', 'it belongs to the login; use mcp-auth login --resource'),
    unsupported('--ignore-tool <pattern>', 'the bridge relays every message'),
  ]),
] as const satisfies readonly CommandOption[];

export const bridge: Command<typeof options> = {
  description:
    'Speak MCP on stdin and stdout for an app that can only start a command, and relay every message to the server with a fresh token. Without a login, the app gets the tools log_in and finish_login; as soon as you have logged in, here or in a terminal, it has the tools of the server.',
  arguments: [
    { syntax: '<server>', help: 'name of a server in the store, or its URL', complete: 'server' },
    { syntax: '[port]', help: 'ignored; accepted for mcp-remote' },
  ],
  options,
  examples: ['bridge linear', 'bridge https://mcp.linear.app/mcp'],
  run: async ({ arguments: [server = '', port], options: { header = {}, transport = 'http-first', login = true } }, context) => {
    if (port !== undefined && !/^\d+$/.test(port)) throw new AuthError('usage', `${JSON.stringify(port)} is not a port number.`);
    const wanted = server.includes('://') ? { url: new URL(checkServerUrl(server)).href } : { name: server };
    const atAgent = await findAtAgents(wanted, context).catch((error: unknown) => ignoreAwayAgent(error, wanted));
    if (atAgent !== undefined) return runBridgeAtAgent({ wanted, server: atAgent }, context.ui.lines(context.signal), context);
    const { entry, ...target } = await resolveServer(server, context);
    const contextWithAccess = await withAccess(entry, context);
    const authorization = readAuthorizationHeader(entry, context);
    // The entry's own Authorization header is sent until there is a login, whose token replaces it.
    const headers = { ...(authorization !== undefined && { authorization }), ...expandHeaders(header, context) };
    await runBridge({ target, transport, headers, offersLogin: login }, context.ui.lines(context.signal), contextWithAccess);
  },
};

/** A server with a URL may need no login: that is tried without the agent. */
function ignoreAwayAgent(error: unknown, { url }: { readonly url?: string }): undefined {
  if (url === undefined || !hasCode(error, 'agent_away')) throw error;
  return undefined;
}

/** A name must be in the store. A URL may be added to the store later. */
async function resolveServer(server: string, { store, env }: Context): Promise<Target & { entry: ServerEntry | undefined }> {
  const document = await store.read();
  if (server.includes('://')) {
    const url = new URL(checkServerUrl(server));
    return { url, entry: listServers(document).find(([, entry]) => expandsToUrl(entry.url, url.href, env))?.[1] };
  }
  const entry = findServer(document, server);
  const url = entry?.url;
  if (typeof url !== 'string') {
    throw new AuthError('usage', `The store has no remote server named ${JSON.stringify(server)}.`, {
      hint: 'Pass its URL, or run: mcp-auth add NAME URL',
    });
  }
  return { url: new URL(checkServerUrl(expandVariables(url, env))), name: server, entry };
}

function parseTransport(text: string): TransportChoice {
  if (Object.hasOwn(transports, text)) return text as TransportChoice;
  throw new AuthError('usage', `--transport must be one of ${Object.keys(transports).join(', ')}.`);
}

/** An option of mcp-remote that the bridge rejects. */
function unsupported<const Flags extends string>(flags: Flags, reason: string) {
  return {
    flags,
    help: `not supported: ${reason}`,
    parse: (): never => {
      throw new AuthError('usage', `The bridge does not support ${flags.split(' ')[0] ?? ''}: ${reason}.`);
    },
  };
}

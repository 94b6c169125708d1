import { runBridge, transports, type TransportChoice } from '../bridge/bridge.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import type { Target } from '../bridge/target-login.js';
import { expandHeaders, readAuthorizationHeader, withAccess } from '../session/server-access.js';
import { findServer, listServers, type ServerEntry } from '../store/document.js';
import { expandVariables, expandsToUrl } from '../store/variables.js';
import type { Command, CommandOption } from './command.js';
import { parseHeader } from './header-option.js';
import { checkServerUrl } from '../login/server-name.js';

interface Options {
  header?: Record<string, string>;
  transport?: TransportChoice;
  allowHttp?: boolean;
}

/** Options of mcp-remote that mean nothing here, each with the reason. */
const foreign: Record<string, string> = {
  '--auth-timeout <seconds>': 'the bridge asks nobody; mcp-auth login has --timeout',
  '--host <host>': 'the bridge listens nowhere; mcp-auth login has --redirect-uri',
  '--static-oauth-client-info <json>': 'mcp-auth login has --client-id',
  '--static-oauth-client-metadata <json>': 'mcp-auth login has --scope and --redirect-uri',
  '--resource <resource>': 'it belongs to the login; mcp-auth login has --resource',
  '--ignore-tool <pattern>': 'the bridge passes every message on',
};

const options: readonly CommandOption[] = [
  {
    flags: '--header <line>',
    help: 'sent with every request, as "X-Key: value"; ${VAR} is taken from the environment. May be repeated',
    parse: parseHeader,
  },
  {
    flags: '--transport <which>',
    help: `${Object.keys(transports).join(', ')} (http-first)`,
    parse: parseTransport,
    complete: Object.keys(transports),
  },
];

/** Understood because mcp-remote has them. */
const compatible: readonly CommandOption[] = [
  { flags: '--allow-http', help: 'as in mcp-remote; plain http goes to this machine only' },
  { flags: '--silent', help: 'as in mcp-remote; the bridge is silent' },
  { flags: '--enable-proxy', help: 'as in mcp-remote; HTTPS_PROXY is always heeded' },
  ...Object.entries(foreign).map(([flags, reason]) => ({ flags, help: `refused: ${reason}`, parse: refuse(flags, reason) })),
];

export const bridge: Command<Options> = {
  description:
    'Speaks MCP on stdin and stdout for an app that can only start a command, and passes each message on to the server with a fresh token. Without a login it answers with the command to run, and works as soon as the login is there.',
  arguments: [
    { syntax: '<server>', help: 'name of a server in the store, or its URL', complete: 'server' },
    { syntax: '[port]', help: 'as in mcp-remote; the bridge needs none' },
  ],
  options: [...options, ...compatible.map((option) => ({ ...option, group: 'In the place of npx mcp-remote:' }))],
  examples: ['bridge linear', 'bridge https://mcp.linear.app/mcp'],
  run: async ({ arguments: [server = '', port], options: { header = {}, transport = 'http-first' } }, context) => {
    if (port !== undefined && !/^\d+$/.test(port)) throw new AuthError('usage', `${JSON.stringify(port)} is no port.`);
    const { entry, ...target } = await findServerOf(server, context);
    const asItWants = await withAccess(entry, context);
    const authorization = readAuthorizationHeader(entry, context);
    // What the entry has by itself is for as long as there is no login, whose token takes its place.
    const headers = { ...(authorization !== undefined && { authorization }), ...expandHeaders(header, context) };
    await runBridge({ target, transport, headers }, context.ui.lines(context.signal), asItWants);
  },
};

/** A name has to be in the store; a URL may come into it later. */
async function findServerOf(server: string, { store, env }: Context): Promise<Target & { entry: ServerEntry | undefined }> {
  const document = await store.read();
  if (server.includes('://')) {
    const url = new URL(checkServerUrl(server));
    return { url, entry: listServers(document).find(([, entry]) => expandsToUrl(entry.url, url.href, env))?.[1] };
  }
  const entry = findServer(document, server);
  const { url } = entry ?? {};
  if (typeof url !== 'string') {
    throw new AuthError('usage', `There is no remote server called ${JSON.stringify(server)} in the store.`, {
      hint: 'Run: mcp-auth add NAME URL, or give its URL.',
    });
  }
  return { url: new URL(checkServerUrl(expandVariables(url, env))), name: server, entry };
}

function parseTransport(text: string): TransportChoice {
  if (Object.hasOwn(transports, text)) return text as TransportChoice;
  throw new AuthError('usage', `--transport is one of ${Object.keys(transports).join(', ')}.`);
}

function refuse(flags: string, reason: string): () => never {
  return () => {
    throw new AuthError('usage', `The bridge does not take ${flags.split(' ')[0] ?? ''}: ${reason}.`);
  };
}

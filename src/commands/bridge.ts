import { runBridge, transports, type TransportChoice } from '../bridge/bridge.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { findServer } from '../store/document.js';
import { expandVariables } from '../store/variables.js';
import { setIn } from './client-options.js';
import type { Command, Option } from './command.js';
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
  '--resource <resource>': 'the login finds it out; mcp-auth login NAME',
  '--ignore-tool <pattern>': 'the bridge passes every message on',
};

const options: readonly Option[] = [
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
const compatible: readonly Option[] = [
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
    const target = await findServerOf(server, context);
    const expanded = Object.fromEntries(Object.entries(header).map(([name, value]) => [name, expand(value, context)]));
    await runBridge({ target, transport, headers: expanded }, context.ui.lines(context.signal), context);
  },
};

/** A name has to be in the store; a URL may come into it later. */
async function findServerOf(server: string, { store, env }: Context): Promise<{ url: URL; name?: string }> {
  if (server.includes('://')) return { url: new URL(checkServerUrl(server)) };
  const { url } = findServer(await store.read(), server) ?? {};
  if (typeof url !== 'string') {
    throw new AuthError('usage', `There is no remote server called ${JSON.stringify(server)} in the store.`, {
      hint: 'Run: mcp-auth add NAME URL, or give its URL.',
    });
  }
  return { url: new URL(checkServerUrl(expandVariables(url, env))), name: server };
}

function parseHeader(text: string, before: unknown): Record<string, string> {
  const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):\s*([^\r\n]*)$/.exec(text) ?? [];
  if (name === '') throw new AuthError('usage', '--header takes "Name: value".');
  if (name.toLowerCase() === 'authorization') {
    throw new AuthError('usage', '--header cannot set Authorization: the bridge sends the login’s token.', {
      hint: 'Run: mcp-auth login SERVER',
    });
  }
  return { ...(before as Record<string, string> | undefined), [name.toLowerCase()]: value };
}

function expand(value: string, { env }: Context): string {
  return value.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const found = setIn(env, name);
    if (found === undefined) throw new AuthError('usage', `--header names \${${name}}, which is not set.`);
    return found;
  });
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

import os from 'node:os';
import process from 'node:process';
import { runAgent } from '../agent/agent.js';
import { createWaysToAsk } from '../agent/ways-to-ask/index.js';
import { openForwarding } from '../agent-client/forwarding.js';
import { isRunning, requestFromOwn, requestStatus, startOwn } from '../agent-client/owner.js';
import { toMachineName } from '../agent-protocol/sockets.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { formatCommand } from '../text/command-line.js';
import { formatDuration } from '../text/duration.js';
import { quote } from '../text/server-text.js';
import { describeStatus } from './agent-status.js';
import type { Command, CommandInput, CommandOption } from './command.js';
import { parseServerNames } from './names-option.js';
import { parseSeconds } from './seconds-option.js';
import { installUnits } from './service-unit.js';

const options = [
  { flags: '--background', help: 'start it in the background, unless it runs' },
  { flags: '--json', help: 'with status: print JSON' },
  {
    flags: '--only <names>',
    help: 'with share: the servers that may be used, by name, separated by commas (default: you are asked once for each)',
    parse: parseServerNames,
    complete: 'server',
  },
  { flags: '--lend-tokens', help: 'with share: hand out access tokens too, and not only pass requests on' },
  {
    flags: '--life <seconds>',
    help: 'with share: how long (default: until it is revoked); with unlock: after that, the agent forgets the identity',
    parse: parseSeconds({ option: '--life', least: 1 }),
  },
  {
    flags: '--ssh-config <host>',
    help: 'print the lines for ~/.ssh/config that forward a socket in every session of ssh to that host; with --only and --lend-tokens',
  },
  { flags: '--install-service', help: 'print the units that start the agent when it is needed: systemd on Linux, launchd on macOS' },
  { flags: '--write', help: 'with --install-service: write the units to their files' },
] as const satisfies readonly CommandOption[];

type Options = CommandInput<typeof options>['options'];

/** What can be done with an agent that runs. To add an action, add a line here. */
const actions: Readonly<Record<string, (words: readonly string[], options: Options, context: Context) => Promise<void>>> = {
  status: showStatus,
  stop: stopAgent,
  share,
  revoke,
  unlock,
  lock,
  allow: (words, _, context) => answer(words, true, context),
  deny: (words, _, context) => answer(words, false, context),
};

export const agent: Command<typeof options> = {
  description:
    'Run the agent: one process that renews the logins of the store, and lets other machines and containers use them without having them. See docs/agent.md.',
  arguments: [
    { syntax: '[action]', help: `${Object.keys(actions).join(', ')} (default: run the agent)`, complete: Object.keys(actions) },
    { syntax: '[what]', help: 'share, revoke: the name of a host; allow, deny: the number of a question' },
  ],
  options,
  examples: [
    'agent --background',
    'agent status',
    'agent share devcontainer --only linear',
    'agent revoke devbox',
    'agent unlock --life 28800',
    'agent --install-service --write',
  ],
  run: async ({ arguments: [action, ...words], options }, context) => {
    if (context.agents === undefined) {
      throw new AuthError('usage', 'The agent is unsupported here: Node.js has no Unix sockets on Windows.', {
        hint: 'Log in on each machine, or copy a login: mcp-auth export NAME | ssh HOST mcp-auth import',
      });
    }
    if (action !== undefined)
      return findAction(action)(
        words.filter((word) => word !== undefined),
        options,
        context,
      );
    if (options.installService) return installUnits('agent', options, context);
    if (options.sshConfig !== undefined) return printSshConfig(options.sshConfig, options, context);
    if (options.background) return startInBackground(context);
    await runHere(context);
  },
};

function findAction(name: string): NonNullable<(typeof actions)[string]> {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action) return action;
  throw new AuthError('usage', `${JSON.stringify(name)} is not an action of the agent.`, {
    hint: `The actions are ${Object.keys(actions).join(', ')}.`,
  });
}

async function runHere(context: Context): Promise<void> {
  const { ui, store, env } = context;
  await runAgent(
    {
      machine: toMachineName(os.hostname()),
      waysToAsk: createWaysToAsk(context),
      activatedSocket: findActivatedSocket(env.variables),
      onListening: (socket) => {
        ui.say(`The agent for ${store.path} listens at ${socket ?? 'the socket of the service manager'}.`);
      },
    },
    context,
  );
}

/** sd_listen_fds(3): the first descriptor that the service manager passes on. */
function findActivatedSocket({ LISTEN_PID: pid, LISTEN_FDS: count }: Context['env']['variables']): number | undefined {
  return pid === String(process.pid) && Number(count) >= 1 ? 3 : undefined;
}

async function startInBackground(context: Context): Promise<void> {
  const { ui, store } = context;
  if (await isRunning(context)) {
    ui.say(`The agent for ${store.path} runs already.`);
    return;
  }
  await startOwn(context);
  ui.succeed(`The agent for ${store.path} runs. Stop it with: mcp-auth agent stop`);
}

async function showStatus(_: readonly string[], { json }: Options, context: Context): Promise<void> {
  const status = await requestStatus(context);
  if (json) context.ui.document(status);
  else for (const line of describeStatus(status, context)) context.ui.print(line);
}

async function stopAgent(_: readonly string[], __: Options, context: Context): Promise<void> {
  await requestFromOwn({ method: 'POST', path: '/v1/stop' }, context);
  context.ui.succeed('The agent was stopped.');
}

async function share([host]: readonly string[], { only, lendTokens = false, life }: Options, context: Context): Promise<void> {
  if (host === undefined) throw new AuthError('usage', 'A name for the machine or container is required.');
  const { socket } = await openForwarding({ host, only, lendsTokens: lendTokens, lifeSeconds: life, isLasting: true }, context);
  context.ui.print(socket);
  context.ui.say('Mount the folder of this socket in the container, and set MCP_AUTH_SOCK there to the path of the socket.');
}

/** For those who would rather type ssh, or use mosh or an editor that runs it. */
async function printSshConfig(host: string, { only, lendTokens = false, life }: Options, context: Context): Promise<void> {
  const { createSshConfig } = await import('../ssh/ssh-config.js');
  const forwarding = await openForwarding({ host, only, lendsTokens: lendTokens, lifeSeconds: life, isLasting: true }, context);
  for (const line of await createSshConfig({ host, words: [], forwarding }, context)) context.ui.print(line);
  context.ui.say(`Put these lines into ~/.ssh/config. To end the forwarding, run: ${formatCommand`mcp-auth agent revoke ${host}`}`);
}

/** Gives the agent the identity of a sealed store, and starts the agent if it does not run. */
async function unlock(_: readonly string[], { life }: Options, context: Context): Promise<void> {
  const { readIdentity } = await import('./read-identity.js');
  const identity = await readIdentity(context);
  await startOwn(context);
  const body = { identity, ...(life !== undefined && { life_seconds: life }) };
  await requestFromOwn({ path: '/v1/unlock', body }, context);
  context.ui.succeed(`The agent is unlocked${life === undefined ? '' : ` for ${formatDuration(life)}`}. Lock it with: mcp-auth agent lock`);
}

async function lock(_: readonly string[], __: Options, context: Context): Promise<void> {
  await requestFromOwn({ path: '/v1/lock', body: {} }, context);
  context.ui.succeed('The agent is locked: it has forgotten the identity.');
}

async function revoke([host]: readonly string[], _: Options, context: Context): Promise<void> {
  if (host === undefined) throw new AuthError('usage', 'The name of a host is required.', { hint: 'See: mcp-auth agent status' });
  const { ended } = await requestFromOwn({ method: 'DELETE', path: `/v1/shares/${encodeURIComponent(host)}` }, context);
  if (ended === 0) throw new AuthError('usage', `Nothing is shared with ${quote(host)}.`, { hint: 'See: mcp-auth agent status' });
  context.ui.succeed(`${host} can no longer use your logins.`);
}

async function answer([id]: readonly string[], isAllowed: boolean, context: Context): Promise<void> {
  if (id === undefined) throw new AuthError('usage', 'The number of the question is missing.', { hint: 'See: mcp-auth agent status' });
  await requestFromOwn({ path: `/v1/questions/${encodeURIComponent(id)}`, body: { allow: isAllowed } }, context);
  context.ui.succeed(isAllowed ? 'Allowed.' : 'Denied.');
}

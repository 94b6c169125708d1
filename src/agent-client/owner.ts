/** The agent of the user's own store, over the owner's socket. */
import { parseObject } from '../text/json.js';
import type { AgentStatus } from '../agent-protocol/messages.js';
import { createInvalidError } from '../agent-protocol/messages.js';
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { formatShellLine } from '../text/command-line.js';
import { getAgents, requestDescription, requestText } from './agent.js';

interface OwnRequest {
  readonly path: string;
  readonly method?: string;
  readonly body?: object;
}

/** Sends a question to the own agent and parses the answer. @throws AuthError `agent_away` if none runs, and as the agent says. */
export async function requestFromOwn({ path, ...rest }: OwnRequest, context: Context): Promise<Record<string, unknown>> {
  const socket = getAgents(context).findOwnerSocket(context.store.path);
  const text = await requestText({ socket, machine: 'this machine', path, ...rest }, context).catch((error: unknown) => {
    throw hasCode(error, 'agent_away') ? createNotRunningError(context) : error;
  });
  const value = parseObject(text);
  if (value === undefined) throw createInvalidError();
  return value;
}

export async function requestStatus(context: Context): Promise<AgentStatus> {
  // It is of the same user and the same program.
  return (await requestFromOwn({ path: '/v1/status' }, context)) as unknown as AgentStatus;
}

/** Whether the own agent runs. */
export async function isRunning(context: Context): Promise<boolean> {
  const path = getAgents(context).findOwnerSocket(context.store.path);
  if (path === '') return false;
  return requestDescription({ path }, context).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'agent_away')) return false;
      throw error;
    },
  );
}

/** Milliseconds to wait for an agent to start, and between two looks. */
const startTimeout = 15_000;
const lookInterval = 50;

/** Starts the own agent in the background, unless it runs. @throws AuthError `agent_failed` */
export async function startOwn(context: Context): Promise<void> {
  if (await isRunning(context)) return;
  const { env, store, clock, signal } = context;
  const words = [...env.program, 'agent', '--store', store.path];
  const program = await context.startInBackground(words);
  for (let waited = 0; waited < startTimeout; waited += lookInterval) {
    const failure = program.getFailure();
    if (failure !== undefined) throw createStartError(failure, words);
    if (await isRunning(context)) return;
    await clock.sleep(lookInterval, signal);
  }
  throw createStartError('it does not respond', words);
}

function createStartError(why: string, words: readonly string[]): AuthError {
  return new AuthError('agent_failed', `The agent could not be started: ${why.replace(/\.$/, '')}.`, {
    hint: `To see more, run: ${formatShellLine(words)}`,
  });
}

function createNotRunningError({ store }: Context): AuthError {
  return new AuthError('agent_away', `No agent for ${store.path} is running.`, { hint: 'Run: mcp-auth agent --background' });
}

/** One agent, as this process reaches it over a socket. */
import type { Context } from '../context.js';
import type { Agents, AgentSocket, HttpRequest, HttpResponse } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { agentHeader, createInvalidError, errorHeader, parseDescription, parseServers } from '../agent-protocol/messages.js';
import type { AgentDescription, ServerDescription } from '../agent-protocol/messages.js';
import { parseFailure } from '../agent-protocol/failure.js';

/** Milliseconds that an agent may take to say that it is there: it may be at the other end of a slow connection. */
const presenceTimeout = 5_000;
/** Milliseconds between two questions whether it is still there, while a response is awaited. */
const presenceInterval = 5_000;
/** What a machine is called whose agent has not said its name. */
export const anotherMachine = 'another machine';
/** Bytes of a response that is read as a whole. */
const maxTextBytes = 4 * 1024 * 1024;

/** An agent that has answered. */
export interface KnownAgent {
  readonly socket: string;
  /** The machine that has the logins. */
  readonly machine: string;
  readonly lendsTokens: boolean;
  /** Its store, if the socket is the owner's. */
  readonly store?: string | undefined;
}

type AgentContext = Pick<Context, 'agents' | 'clock' | 'signal'>;

/** What an agent has. @throws AuthError `agent_away`, `agent_failed` */
export async function requestServers(
  { path: socket, machine = anotherMachine }: AgentSocket,
  context: AgentContext,
): Promise<{ readonly agent: KnownAgent; readonly servers: readonly ServerDescription[] }> {
  const text = await requestText({ socket, machine, path: '/v1/servers', timeout: presenceTimeout }, context);
  const parsed = parseDescription(text);
  return { agent: toKnownAgent(socket, parsed), servers: parseServers(text) };
}

/** @throws AuthError `agent_away`, `agent_failed` */
export async function requestDescription(
  { path: socket, machine = anotherMachine }: AgentSocket,
  context: AgentContext,
): Promise<KnownAgent> {
  const text = await requestText({ socket, machine, path: '/v1', timeout: presenceTimeout }, context);
  return toKnownAgent(socket, parseDescription(text));
}

function toKnownAgent(socket: string, { machine, lends_tokens: lendsTokens, store }: AgentDescription): KnownAgent {
  return { socket, machine, lendsTokens, store };
}

interface TextRequest {
  readonly socket: string;
  readonly machine: string;
  readonly path: string;
  readonly method?: string;
  readonly body?: object | undefined;
  readonly timeout?: number;
  /** The server that it is about, for an error. */
  readonly server?: string;
}

/** Sends a question and reads the whole answer. @throws AuthError as the agent says, `agent_away`, `agent_failed` */
export async function requestText(
  { socket, machine, path, body, server, timeout, ...rest }: TextRequest,
  context: AgentContext,
): Promise<string> {
  const { method = body === undefined ? 'GET' : 'POST' } = rest;
  const request = { ...createJsonRequest(method, body), ...(timeout !== undefined && { timeout }) };
  return readText(await openAtAgent({ socket, machine, path, request, server }, context));
}

export function createJsonRequest(method: string, body: object | undefined): HttpRequest {
  return body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

interface AgentRequest {
  readonly socket: string;
  readonly machine: string;
  readonly path: string;
  readonly request: HttpRequest;
  readonly server?: string | undefined;
}

/** Sends a request to an agent and resolves with the head of the response. @throws as `openAtAgent`, which waits with more care. */
export async function sendToAgent(
  { socket, machine, path, request, server }: AgentRequest,
  { agents }: AgentContext,
): Promise<HttpResponse> {
  let response: HttpResponse;
  try {
    response = await getAgents({ agents }).open(socket, path, { timeout: 0, ...request });
  } catch (error) {
    throw hasCode(error, 'agent_away') ? createAwayError([machine]) : error;
  }
  if (response.headers[agentHeader] === undefined) {
    response.body.destroy();
    throw createInvalidError();
  }
  if (response.headers[errorHeader] === undefined) return response;
  throw parseFailure(await readText(response), { machine, server });
}

/**
 * Sends a request to an agent and resolves with the head of the response. While there is none, the agent is asked now and then whether
 * it is there: over SSH, the other machine may sleep, and its side of the connection stays open.
 *
 * @throws AuthError `agent_away`, the error of the agent, and `agent_failed` if it is no agent.
 */
export function openAtAgent({ request, ...asked }: AgentRequest, context: AgentContext): Promise<HttpResponse> {
  const { socket, machine } = asked;
  const send = (signal: AbortSignal) => sendToAgent({ ...asked, request: { ...request, signal } }, context);
  return whilePresent({ socket, machine, signal: request.signal ?? context.signal }, send, context);
}

/** Runs `work` with a signal that aborts when the given one does, and with `agent_away` when the agent no longer answers. */
export async function whilePresent<T>(
  { socket, machine, signal }: Pick<KnownAgent, 'socket' | 'machine'> & { readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
  context: AgentContext,
): Promise<T> {
  const gone = new AbortController();
  const stop = watchPresence({ socket, onAway: () => gone.abort(createAwayError([machine])) }, context);
  try {
    return await work(AbortSignal.any([signal, gone.signal]));
  } finally {
    stop();
  }
}

interface PresenceWatch {
  readonly socket: string;
  readonly onAway: () => void;
  /** Whether it matters now. */
  readonly isNeeded?: () => boolean;
}

/** Calls `onAway` when the agent no longer answers, until the returned function is called. */
export function watchPresence({ socket, onAway, isNeeded = () => true }: PresenceWatch, context: AgentContext): () => void {
  let isAsking = false;
  let isStopped = false;
  const stopAlarm = context.clock.every(presenceInterval, () => {
    if (isAsking || !isNeeded()) return;
    isAsking = true;
    void requestPresence(socket, context).then((isThere) => {
      isAsking = false;
      if (!isThere && !isStopped) onAway();
    });
  });
  return () => {
    isStopped = true;
    stopAlarm();
  };
}

async function requestPresence(socket: string, context: AgentContext): Promise<boolean> {
  const { signal } = context;
  try {
    const { body } = await getAgents(context).open(socket, '/v1', { timeout: presenceTimeout, signal });
    body.resume();
    return true;
  } catch (error) {
    return !hasCode(error, 'agent_away');
  }
}

async function readText({ body }: HttpResponse): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxTextBytes) throw createInvalidError();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AuthError ? error : new AuthError('agent_away', 'The connection to the agent was lost.', { cause: error });
  }
  return Buffer.concat(chunks).toString();
}

export function getAgents({ agents }: Pick<Context, 'agents'>): Agents {
  if (agents !== undefined) return agents;
  throw new AuthError('agent_failed', 'Agents are unsupported here: Node.js has no Unix sockets on Windows.');
}

/** For agents on these machines, which were here and do not answer. */
export function createAwayError(machines: readonly string[]): AuthError {
  const many = machines.length > 1;
  return new AuthError('agent_away', `The agent${many ? 's' : ''} on ${machines.join(' and ')} ${many ? 'are' : 'is'} away.`, {
    hint: `Connect again from there with: mcp-auth ssh HOST     Or log in here: mcp-auth login URL`,
  });
}

/** A restricted socket of the own agent, for another machine. */
import type { Context } from '../context.js';
import { isObject } from '../text/json.js';
import { createInvalidError } from '../agent-protocol/messages.js';
import { createJsonRequest, getAgents, openAtAgent } from './agent.js';
import { readEventLines } from './event-lines.js';
import { requestFromOwn, startOwn } from './owner.js';

export interface ForwardingRequest {
  /** As the user named it; shown when the agent asks. */
  readonly host: string;
  /** The only servers that the remote machine may use, by name; absent to be asked once for each. */
  readonly only?: readonly string[] | undefined;
  readonly lendsTokens: boolean;
  readonly lifeSeconds?: number | undefined;
  /** Whether it outlives the caller, and the agent opens it again after a restart. */
  readonly isLasting?: boolean;
}

export interface Forwarding {
  /** The path of the restricted socket on this machine. */
  readonly socket: string;
  /** Resolves when the agent has ended it (revoked, expired, stopped), to a sentence for the user. Never for a lasting one. */
  readonly ended: Promise<string>;
  close(): void;
}

/** Has the own agent open a restricted socket, and starts the agent if none runs. @throws AuthError `agent_failed` */
export async function openForwarding(request: ForwardingRequest, context: Context): Promise<Forwarding> {
  await startOwn(context);
  const { host, only, lendsTokens, lifeSeconds, isLasting = false } = request;
  const body = {
    ...{ host, lends_tokens: lendsTokens, lasting: isLasting },
    ...(only && { only }),
    ...(lifeSeconds !== undefined && { life_seconds: lifeSeconds }),
  };
  if (isLasting) {
    const answer = await requestFromOwn({ path: '/v1/shares', body }, context);
    return { socket: readSocket(answer), ended: new Promise(() => undefined), close: () => undefined };
  }
  return openForSession(body, context);
}

/** It is closed with the connection, also if this process is killed. */
async function openForSession(body: object, context: Context): Promise<Forwarding> {
  const closing = new AbortController();
  const socket = getAgents(context).findOwnerSocket(context.store.path);
  const request = { ...createJsonRequest('POST', body), signal: closing.signal };
  const lines = readEventLines(await openAtAgent({ socket, machine: 'this machine', path: '/v1/shares', request }, context));
  const first = await lines.next();
  const readEnd = async () => {
    for await (const { ended } of lines) if (typeof ended === 'string') return ended;
    return 'The agent was stopped.';
  };
  return { socket: readSocket(first.done === true ? {} : first.value), ended: readEnd(), close: () => closing.abort() };
}

function readSocket({ share }: Record<string, unknown>): string {
  const socket = isObject(share) ? share['socket'] : undefined;
  if (typeof socket === 'string') return socket;
  throw createInvalidError();
}

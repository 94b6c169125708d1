/** A login that an agent is asked for: it asks its user, opens its browser, and keeps the login. */
import type { Context } from '../context.js';
import { hasCode, toAuthError } from '../errors.js';
import type { LoginQuestion } from '../agent-protocol/messages.js';
import { parseFailure } from '../agent-protocol/failure.js';
import { toPrintable } from '../text/server-text.js';
import { createAwayError, createJsonRequest, openAtAgent, requestDescription, type KnownAgent } from './agent.js';
import { readEventLines } from './event-lines.js';

/** A login of an agent. */
export interface LoginAtAgent {
  readonly agent: KnownAgent;
  /** The server's name there. */
  readonly name: string;
  readonly scope?: string | undefined;
  readonly expiresAtSeconds?: number | undefined;
}

interface LoginAtAgentRequest {
  readonly agent: KnownAgent;
  /** Its URL, or its name at the agent. */
  readonly server: string;
  /** Its name there, if it is new. */
  readonly name?: string | undefined;
  readonly scope?: string | undefined;
  /** Called when the agent has asked its user, and when its browser is open. */
  readonly onProgress: (event: 'agent_asking' | 'agent_approving', server: string) => void;
}

/** The first agent that answers and has another store than this process. Undefined if there is none. */
export async function findLoginAgent(context: Context): Promise<KnownAgent | undefined> {
  const sockets = context.agents?.list() ?? [];
  const known = await Promise.all(
    sockets.map((socket) =>
      requestDescription(socket, context).catch((error: unknown) => {
        if (context.signal.aborted) throw error;
        // An agent that is away is not a reason against a login here.
        if (!hasCode(error, 'agent_away')) context.ui.warn(toAuthError(error).message);
        return undefined;
      }),
    ),
  );
  return known.find((agent) => agent !== undefined && agent.store !== context.store.path);
}

/** @throws AuthError `agent_refused` if the user there says no, and as the login there fails. */
export async function requestLogin(
  { agent, server: wanted, name, scope, onProgress }: LoginAtAgentRequest,
  context: Context,
): Promise<LoginAtAgent> {
  const { machine } = agent;
  const body: LoginQuestion = { server: wanted, ...(name !== undefined && { name }), ...(scope !== undefined && { scope }) };
  const request = { ...createJsonRequest('POST', body), signal: context.signal };
  const response = await openAtAgent({ ...agent, path: '/v1/logins', request }, context);
  const end = () => response.body.destroy();
  context.signal.addEventListener('abort', end, { once: true });
  for await (const line of readEventLines(response)) {
    const { event } = line;
    const server = typeof line['server'] === 'string' ? toPrintable(line['server']).slice(0, 128) : '';
    if (event === 'agent_asking' || event === 'agent_approving') onProgress(event, server);
    if (event === 'error') throw parseFailure(JSON.stringify({ error: line }), { machine });
    if (event !== 'logged_in') continue;
    const { scope: granted, expires_at: expiresAt } = line;
    return {
      agent,
      name: server,
      scope: typeof granted === 'string' ? granted : undefined,
      expiresAtSeconds: typeof expiresAt === 'number' ? expiresAt : undefined,
    };
  }
  context.signal.throwIfAborted();
  throw createAwayError([machine]);
}

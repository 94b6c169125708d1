/** The agents of other machines, and a login that one of them has. */
import { requestServers } from '../agent-client/agent.js';
import { AgentHttp } from '../bridge/agent-http.js';
import { discardResponse } from '../bridge/body.js';
import type { AgentSocket } from '../effects.js';
import { toAuthError } from '../errors.js';
import type { Context } from '../context.js';
import { initializeRequest, toHttpRequest } from '../oauth/probe.js';
import { failure, fine, warning, type Check, type CheckResult, type MachineCheck } from './check.js';

/** Whether the agents answer whose sockets are here. Nothing is reported if there is none. */
export const reachable: MachineCheck = {
  name: 'Agent',
  run: async (_, context) => {
    const { agents } = context;
    const gone = (agents?.listAway() ?? []).map((machine) =>
      warning(`the agent on ${machine} was here and is away`, 'Connect again from there with: mcp-auth ssh HOST'),
    );
    const found = await Promise.all((agents?.list() ?? []).map((socket) => describe(socket, context)));
    return [...found, ...gone];
  },
};

async function describe(socket: AgentSocket, context: Context): Promise<CheckResult> {
  try {
    const { agent, servers } = await requestServers(socket, context);
    if (agent.store === context.store.path) return fine('the agent of this store runs, and renews its logins');
    const lent = agent.lendsTokens ? 'lends their tokens' : 'passes requests on to them';
    return fine(
      `the agent on ${agent.machine} has ${servers.length} server${servers.length === 1 ? '' : 's'} for this machine, and ${lent}`,
    );
  } catch (error) {
    if (context.signal.aborted) throw error;
    const { message, hint } = toAuthError(error);
    return warning(`${socket.path}: ${message}`, hint);
  }
}

/** Opens the server through the agent. */
export const callThroughAgent: Check = {
  name: 'Call through the agent',
  source: 'MCP',
  run: async ({ url, atAgent }, context) => {
    if (atAgent === undefined) return undefined;
    const request = toHttpRequest(initializeRequest);
    const response = await new AgentHttp(url, atAgent, context).open(request);
    discardResponse(response);
    const seen = `the server answers with status ${response.status}`;
    return response.status < 300 ? fine(seen) : failure(seen, { code: 'server_failed' });
  },
};

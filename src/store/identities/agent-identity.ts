/** The identity that the agent of the store holds. It never leaves the agent, which opens the data key with it. */
import { parseFailure } from '../../agent-protocol/failure.js';
import type { Agents } from '../../effects.js';
import { AuthError, hasCode } from '../../errors.js';
import { isListOfText, parseObject } from '../../text/json.js';
import { createIdentityNeededError } from '../seal/sealing.js';
import type { Identity, IdentityMachine, IdentitySource } from './source.js';

/** Milliseconds that the agent may take: it may run a command that asks the user. */
const answerTimeout = 130_000;

export const agentIdentity: IdentitySource = {
  name: 'mcp-auth agent unlock',
  summary: 'the agent of the store, while it is unlocked',
  find: (machine) => {
    const agents = machine.openAgents();
    const socket = agents?.findOwnerSocket(machine.getStore()) ?? '';
    const isThere = agents?.isThere(socket) === true;
    return Promise.resolve(isThere ? createAgentIdentity(socket, machine) : undefined);
  },
};

function createAgentIdentity(socket: string, { openAgents }: IdentityMachine): Identity {
  const ask = async (path: string, body?: object) => {
    const agents = openAgents();
    if (agents === undefined) throw createIdentityNeededError();
    return request(agents, { socket, path, body }).finally(() => agents.close());
  };
  return {
    what: 'The agent',
    open: async ({ key, recipients }) => {
      const { data_key: dataKey } = await ask('/v1/unseal', { key, recipients });
      return Buffer.from(typeof dataKey === 'string' ? dataKey : '', 'base64url');
    },
    listRecipients: async () => {
      const { recipients } = await ask('/v1/identity');
      return isListOfText(recipients) ? recipients : [];
    },
  };
}

/** @throws AuthError as the agent says; `identity_needed` if it does not respond, is locked or too old. */
async function request(
  agents: Agents,
  { socket, path, body }: { socket: string; path: string; body: object | undefined },
): Promise<Record<string, unknown>> {
  const sent = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  try {
    const response = await agents.open(socket, path, { ...sent, timeout: answerTimeout });
    let text = '';
    for await (const chunk of response.body.setEncoding('utf8')) text += chunk as string;
    if (response.status !== 200) throw parseFailure(text, { machine: 'this machine' });
    return parseObject(text) ?? {};
  } catch (error) {
    if (hasCode(error, 'seal_broken', 'identity_needed')) throw error;
    throw error instanceof AuthError ? createIdentityNeededError(error) : error;
  }
}

import type { AgentStatus, IdentityStatus } from '../../agent-protocol/messages.js';
import type { Context } from '../../context.js';
import { respondJson } from '../responses.js';
import { describeAgent, type Endpoint } from '../service.js';

/** What is shared, with whom, what was used and when, and which questions wait. */
export const showStatus: Endpoint = {
  route: 'GET /v1/status',
  isOwners: true,
  handle: async ({ response, gate }, service) => {
    const { since, shares, questions, context } = service;
    const seal = await describeIdentity(context);
    const status: AgentStatus = {
      ...describeAgent(service, gate),
      since: Math.floor(since / 1000),
      ...(seal && { seal }),
      shares: await shares.describe(),
      questions: questions.list(),
    };
    respondJson(response, status);
  },
};

async function describeIdentity({ store, keyring }: Context): Promise<IdentityStatus | undefined> {
  const state = await store.readSealState().catch(() => undefined);
  if (state?.seal === undefined && state?.expected === undefined) return undefined;
  const { isLocked: locked, until } = keyring.state;
  const identity = locked ? undefined : await keyring.findIdentity().catch(() => undefined);
  return { locked, ...(identity && { identity: identity.what }), ...(until !== undefined && { until: Math.floor(until / 1000) }) };
}

export const stopAgent: Endpoint = {
  route: 'POST /v1/stop',
  isOwners: true,
  handle: ({ response }, service) => {
    response.once('finish', () => service.stop());
    respondJson(response, {});
    return Promise.resolve();
  },
};

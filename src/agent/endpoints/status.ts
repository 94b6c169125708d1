import type { AgentStatus } from '../../agent-protocol/messages.js';
import { respondJson } from '../responses.js';
import { describeAgent, type Endpoint } from '../service.js';

/** What is shared, with whom, what was used and when, and which questions wait. */
export const showStatus: Endpoint = {
  route: 'GET /v1/status',
  isOwners: true,
  handle: async ({ response, gate }, service) => {
    const { since, shares, questions } = service;
    const status: AgentStatus = {
      ...describeAgent(service, gate),
      since: Math.floor(since / 1000),
      shares: await shares.describe(),
      questions: questions.list(),
    };
    respondJson(response, status);
  },
};

export const stopAgent: Endpoint = {
  route: 'POST /v1/stop',
  isOwners: true,
  handle: ({ response }, service) => {
    response.once('finish', () => service.stop());
    respondJson(response, {});
    return Promise.resolve();
  },
};

import { respondJson } from '../responses.js';
import { describeAgent, type Endpoint } from '../service.js';

/** Whether an agent is there, and which. */
export const describe: Endpoint = {
  route: 'GET /v1',
  handle: ({ response, gate }, service) => {
    respondJson(response, describeAgent(service, gate));
    return Promise.resolve();
  },
};

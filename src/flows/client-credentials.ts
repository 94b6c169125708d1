import { clientCredentialsGrant, requestTokenByCredentials } from '../oauth/client-credentials.js';
import type { Flow } from './flow.js';

/** The client credentials grant: MCP extension "OAuth Client Credentials". The client acts for itself, not for a user. */
export const clientCredentials: Flow = {
  name: 'client-credentials',
  summary: 'Log in as this machine, with a client secret or a private key',
  grantType: clientCredentialsGrant,
  client: 'confidential',
  unattended: true,
  canRunAgain: () => true,
  unavailable: () => undefined,
  run: async (request, effects) => ({ tokens: await requestTokenByCredentials(request, effects) }),
};

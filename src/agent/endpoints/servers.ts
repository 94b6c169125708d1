import type { ServerDescription } from '../../agent-protocol/messages.js';
import { canRenew } from '../../session/renewal.js';
import { readLogin } from '../../store/login.js';
import { formatUrlFor } from '../gate.js';
import { respondJson } from '../responses.js';
import { describeAgent, type Endpoint } from '../service.js';

/** The servers that may be used over this socket, without secrets. */
export const listServers: Endpoint = {
  route: 'GET /v1/servers',
  handle: async ({ response, gate }, service) => {
    const all = await service.servers.list();
    const servers = all
      .filter(({ name }) => gate.mayKnow(name))
      .map(({ name, url, entry }): ServerDescription => {
        const login = readLogin(entry);
        return {
          name,
          url: formatUrlFor(gate, url),
          logged_in: login !== undefined && login.endedAtSeconds === undefined,
          ...(login && { token_type: login.tokenType, renewable: canRenew(login) }),
          ...(login?.expiresAtSeconds !== undefined && { expires_at: login.expiresAtSeconds }),
        };
      });
    respondJson(response, { ...describeAgent(service, gate), servers });
  },
};

/** A store with a login at a fake server. */
import type { Exchange } from '../helpers/fake-server.js';
import { temporaryStore } from '../helpers/folder.js';
import { fakeServer } from '../helpers/servers.js';

export const now = () => Math.floor(Date.now() / 1000);

/** A store with one login at a fake server, whose token expires in `left` seconds. */
export async function loggedIn(
  left: number | undefined,
  { auth = {}, change = () => [] }: { auth?: object; change?: (origin: string) => Exchange[] } = {},
) {
  const server = await fakeServer(change);
  const store = temporaryStore({
    mcpServers: {
      fake: {
        type: 'http',
        url: server.url,
        auth: {
          type: 'bearer',
          token: 'old',
          ...(left !== undefined && { expires_at: now() + left }),
          refresh_token: 'refresh-0',
          scope: 'read',
          issuer: server.origin,
          resource: server.url,
          client_id: 'client-1',
          token_endpoint: `${server.origin}/token`,
          note: 'not ours',
          ...auth,
        },
      },
    },
  });
  return { server, store };
}

/** A store with a login at a fake server. */
import type { Exchange } from '../helpers/fake-server.js';
import { fakeServer } from '../helpers/servers.js';
import { storedLogin } from '../helpers/stored-login.js';

export const now = () => Math.floor(Date.now() / 1000);

/** A store with one login at a fake server, whose token expires in `left` seconds. */
export async function loggedIn(
  left: number | undefined,
  { auth = {}, change = () => [] }: { auth?: object; change?: (origin: string) => Exchange[] } = {},
) {
  const server = await fakeServer(change);
  const expiry = left === undefined ? undefined : now() + left;
  return { server, store: storedLogin(server, { expires_at: expiry, note: 'not ours', ...auth }) };
}

import { loginAt, type Place } from './login-at.js';
import { temporaryStore } from './folder.js';

/** The path of a store with one login to `server`, called `name`, and the changes of a test. */
export function storedLogin(server: Place, changes: object = {}, name = 'fake'): string {
  return temporaryStore({ mcpServers: { [name]: { type: 'http', url: server.url, auth: loginAt(server, changes) } } });
}

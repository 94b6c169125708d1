import { loginAt, type Place } from './login-at.js';
import { temporaryStore } from './folder.js';

/** A store with one login to `server`, called `name`, and what a test changes of it. */
export function storedLogin(server: Place, changes: object = {}, name = 'fake'): string {
  return temporaryStore({ mcpServers: { [name]: { type: 'http', url: server.url, auth: loginAt(server, changes) } } });
}

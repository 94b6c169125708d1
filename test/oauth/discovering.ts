/** Logins up to the point where the user is asked, and logins that end before it. */
import type { Exchange } from '../helpers/fake-server.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

/** Run a login up to the point where the user is asked, and return the requests that the server received. */
export async function reachesThePerson(change: (origin: string) => Exchange[]) {
  const server = await fakeServer(change);
  const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore() });
  const url = await login.shown(/^(http:\S+\/authorize\?\S+)$/m);
  login.interrupt();
  await login.exit;
  return { server, parameters: new URL(url).searchParams, asked: server.requests.map(({ line }) => line) };
}

/** Run a login that ends before the user is asked. */
export async function fails(change: (origin: string) => Exchange[], options = '--flow paste') {
  const server = await fakeServer(change);
  const login = run(`login ${server.url} --no-browser ${options}`, { store: temporaryStore() });
  return { server, code: await login.exit, said: login.stderr };
}

export const bare401: Exchange = { want: 'POST /mcp', respond: { status: 401 } };
export const none = (want: string): Exchange => ({ want, respond: { status: 404 } });
export const oauthAddress = 'GET /.well-known/oauth-authorization-server';

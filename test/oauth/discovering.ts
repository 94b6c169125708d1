/** Logins up to the point where the person is asked, and logins that end before. */
import type { Exchange } from '../helpers/fake-server.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

/** Runs a login up to the point where the person is asked, and returns what the server was asked on the way. */
export async function reachesThePerson(change: (origin: string) => Exchange[]) {
  const server = await fakeServer(change);
  const login = run(`login ${server.url} --no-browser --flow paste`, { store: temporaryStore() });
  const url = await login.shown(/^(http:\S+\/authorize\?\S+)$/m);
  login.interrupt();
  await login.exit;
  return { server, parameters: new URL(url).searchParams, asked: server.requests.map(({ line }) => line) };
}

/** Runs a login that ends before the person is asked. */
export async function fails(change: (origin: string) => Exchange[], options = '--flow paste') {
  const server = await fakeServer(change);
  const login = run(`login ${server.url} --no-browser ${options}`, { store: temporaryStore() });
  return { server, code: await login.exit, said: login.stderr };
}

export const bare401: Exchange = { want: 'POST /mcp', respond: { status: 401 } };
export const none = (want: string): Exchange => ({ want, respond: { status: 404 } });
export const oauthAddress = 'GET /.well-known/oauth-authorization-server';

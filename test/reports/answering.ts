/** A login at an authorization server that deviates from the RFCs. */
import { guarded } from '../helpers/fake-mcp.js';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { temporaryStore } from '../helpers/folder.js';
import { logInByPaste } from '../helpers/paste.js';
import { fakeServer } from '../helpers/servers.js';

const oauth = 'GET /.well-known/oauth-authorization-server';
export const asUsual = (origin: string): Exchange =>
  guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } });
export const withMetadata = (origin: string, changes: Record<string, unknown>): Exchange => ({
  want: oauth,
  respond: { json: metadata(origin, changes) },
});

export async function logInToNewServer(
  change: (origin: string) => Exchange[],
  { words = [], env = {} }: { words?: string[]; env?: Record<string, string> } = {},
) {
  const server = await fakeServer((origin) => [asUsual(origin), ...change(origin)]);
  const store = temporaryStore();
  const login = await logInByPaste([server.url, '--name', 'fake', ...words], { store, env });
  return { server, store, ...login };
}

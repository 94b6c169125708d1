/** A login with options, its stored options, and its refresh. */
import { expect } from 'vitest';
import { guarded } from '../helpers/fake-mcp.js';
import { metadata, type Exchange, type FakeRequest, type FakeServer } from '../helpers/fake-server.js';
import { logInByPaste, type PasteLogin } from '../helpers/paste.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

export const oauth = 'GET /.well-known/oauth-authorization-server';
export const withMetadata =
  (changes: Record<string, unknown>) =>
  (origin: string): Exchange => ({
    want: oauth,
    respond: { json: metadata(origin, { device_authorization_endpoint: undefined, ...changes }) },
  });
/** The MCP endpoint, which requires a token and sends a correct challenge. */
export const asUsual = (origin: string): Exchange =>
  guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } });
export const server = (...changes: ((origin: string) => Exchange)[]) =>
  fakeServer((origin) => [...changes, asUsual].map((change) => change(origin)));

/** Logs in to a server called fake, by paste. */
export const logInTo = (
  at: FakeServer,
  store: string,
  words: readonly string[] = [],
  answer?: (request: URLSearchParams) => Record<string, string>,
) => logInByPaste([at.url, '--name', 'fake', ...words], { store, ...(answer && { answer }) });
export const logInAgain = (store: string, words: readonly string[] = []) => logInByPaste(['fake', ...words], { store });

export async function refreshLogin(at: FakeServer, store: string): Promise<Pick<FakeRequest, 'body'>> {
  const refresh = run('refresh fake', { store });
  expect(await refresh.exit, refresh.stderr).toBe(0);
  const { body = {} } = at.asked('POST /token').at(-1) ?? {};
  expect(body['grant_type']).toBe('refresh_token');
  return { body };
}

export function expectSuccess({ exit, command }: PasteLogin) {
  expect(exit, command.stderr).toBe(0);
}

/** The server in the output of `list --json`. */
export async function listServer(store: string) {
  const list = run('list --json', { store });
  expect(await list.exit).toBe(0);
  return (JSON.parse(list.stdout) as Record<string, unknown>[])[0];
}

export async function doctorSays(store: string) {
  const doctor = run('doctor fake', { store });
  return { exit: await doctor.exit, said: doctor.stdout + doctor.stderr };
}

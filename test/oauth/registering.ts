/** Logins that register a client. */
import { expect } from 'vitest';
import type { Exchange } from '../helpers/fake-server.js';
import { run, type Run } from '../helpers/run.js';

export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

const authorize = /^(http:\S+\/authorize\?\S+)$/m;

/** Paste the response to the URL that a login has just shown, and return the parameters of the request. */
export async function approve(running: Run): Promise<URLSearchParams> {
  const request = new URL(await running.shown(authorize)).searchParams;
  running.type(`${request.get('redirect_uri')}?code=c&state=${request.get('state')}\n`);
  return request;
}

/** A successful login by paste. */
export async function loginByPaste(words: string, store: string): Promise<{ request: URLSearchParams; said: string }> {
  const running = run(`login ${words} --no-browser --no-verify --flow paste`, { store, stdin: 'open' });
  const request = await approve(running);
  expect(await running.exit).toBe(0);
  return { request, said: running.stderr };
}

export const registered = (origin: string, ...clientIds: string[]): Exchange[] =>
  clientIds.map((client_id) => ({
    want: 'POST /register',
    respond: ({ body }) => ({ status: 201, json: { ...body, client_id, issuer: origin } }),
  }));

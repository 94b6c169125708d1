/**
 * The script of the page that the fragment comes back to. The relay sends it, but the browser runs it: it seals the authorization
 * response to the terminal's key, so that the relay never sees the code. `npm run pages` builds it into browser-script.ts.
 */
import { paths } from '../../relay-protocol/messages.js';
import { seal } from '../../relay-protocol/seal.js';
import { createSessionId, isSessionId, readSessionId } from '../../relay-protocol/session-id.js';

/** What this script uses of a browser: the program is checked with the types of Node. */
declare const location: { readonly hash: string; readonly pathname: string; replace(url: string): void };
declare const history: { replaceState(data: null, unused: '', url: string): void };
declare const document: { getElementById(id: string): { textContent: string } | null };

async function passOn(parameters: string): Promise<string> {
  const fields = new URLSearchParams(parameters);
  const id = readSessionId(fields.get('state') ?? '');
  if (!isSessionId(id)) throw new Error('The address of this page contains no response of a login.');
  const session = `${paths.session}/${id}`;
  const key = (await (await request(`${session}/key`)).json()) as { readonly public_key: string; readonly secret_hash: string };
  const name = await createSessionId({ publicKey: key.public_key, secretHash: key.secret_hash });
  if (name !== id) throw new Error('The relay has sent a key that does not belong to this login. Nothing was sent to it.');
  const sealed = await seal({ text: parameters, publicKey: key.public_key, context: id });
  const body = JSON.stringify({ sealed, is_error: fields.has('error') && !fields.has('code') });
  await request(`${session}/response`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return `${session}/code`;
}

async function request(url: string, options?: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  if (response.ok) return response;
  const { message } = (await response.json().catch(() => ({}))) as { readonly message?: unknown };
  throw new Error(typeof message === 'string' ? message : 'The relay did not respond as expected.');
}

function showFailure(error: unknown): void {
  const status = document.getElementById('status');
  const message = error instanceof Error ? error.message : '';
  if (status !== null) status.textContent = `${message} Go back to your terminal and start the login again.`.trim();
}

const parameters = location.hash.slice(1);
// The code must not stay in the address bar and in the history.
history.replaceState(null, '', location.pathname);
passOn(parameters).then((next) => location.replace(next), showFailure);

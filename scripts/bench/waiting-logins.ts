/** Many terminals that wait at one relay, while users approve. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createSealKeys, openSealed } from '../../src/relay-protocol/seal.js';
import { createSessionId, hashText } from '../../src/relay-protocol/session-id.js';
import { hashShortCode } from '../../src/relay-protocol/short-code.js';
import { command } from '../../test/helpers/build.js';
import { peakMemoryOf } from './pairs.js';

export interface WaitingLogins {
  /** Peak memory of the relay before the first login, and with all of them, in MiB. */
  readonly before: number;
  readonly memory: number;
  /** Milliseconds from the short code that a user sends to the response in the terminal, sorted. */
  readonly took: readonly number[];
}

const code = 'BCDFGH';
/** Users who approve at the same time. */
const parallel = 4;

/** Sends a message of the terminal. */
type Tell = (path: string, message: object) => Promise<Response>;

/** @param approvals is how many of the logins are approved while the others wait. */
export async function measureWaitingLogins({ count, approvals }: { count: number; approvals: number }): Promise<WaitingLogins> {
  const port = 18_000 + (process.pid % 1000);
  const origin = `http://127.0.0.1:${port}`;
  const words = [command, 'relay', '--listen', `127.0.0.1:${port}`, '--public-url', origin, '--trust-proxy'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  await once(child.stderr, 'data');
  child.stderr.resume();
  const before = peakMemoryOf(child.pid);
  const logins: WaitingLogin[] = [];
  for (let at = 0; at < count; at += 1) logins.push(await WaitingLogin.open(origin, at));
  const took: number[] = [];
  const approve = async (first: number) => {
    for (const login of logins.slice(0, approvals).filter((_, at) => at % parallel === first)) took.push(await login.approve());
  };
  await Promise.all(Array.from({ length: parallel }, (_, at) => approve(at)));
  const memory = peakMemoryOf(child.pid);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  await Promise.allSettled(logins.map(({ answer }) => answer));
  return { before, memory, took: took.sort((one, other) => one - other) };
}

/** The terminal and the browser of one login. */
class WaitingLogin {
  readonly #origin: string;
  readonly #id: string;
  readonly #state: string;
  /** When the response has arrived and is opened: milliseconds. */
  readonly answer: Promise<number>;
  readonly #tell: Tell;

  private constructor(origin: string, { id, state }: { id: string; state: string }, wait: Promise<number>, tell: Tell) {
    this.#origin = origin;
    this.#id = id;
    this.#state = state;
    this.answer = wait;
    this.#tell = tell;
    wait.catch(() => undefined);
  }

  static async open(origin: string, at: number): Promise<WaitingLogin> {
    const keys = await createSealKeys();
    const secret = crypto.randomUUID();
    const secretHash = await hashText(secret);
    const id = await createSessionId({ publicKey: keys.publicKey, secretHash });
    const state = `${id}.${at}`;
    // The relay limits new logins of one address.
    const headers = { authorization: `Bearer ${secret}`, 'x-forwarded-for': `10.${at >> 8}.${at & 255}.1` };
    const ask = (path: string, request: RequestInit) => fetch(`${origin}/s/${id}${path}`, { headers, ...request });
    const message = {
      ...{ public_key: keys.publicKey, secret_hash: secretHash, state, response_mode: 'query', expires_in: 1800 },
      ...{ code_hash: await hashShortCode(code, id), server: 'bench (mcp.example.com)', authorization_url: 'https://auth.example.com/a' },
    };
    const opened = await ask('', { method: 'PUT', body: JSON.stringify(message) });
    if (opened.status !== 201) throw new Error(`The relay opened no session: ${opened.status} ${await opened.text()}`);
    const wait = async (): Promise<number> => {
      const response = await ask('/answer', {});
      if (response.status === 204) return wait();
      const { sealed } = (await response.json()) as { sealed: string };
      await openSealed({ sealed, keys, context: id });
      return performance.now();
    };
    return new WaitingLogin(origin, { id, state }, wait(), (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) }));
  }

  /** Approves as a browser without scripts does. Resolves to the milliseconds from the short code to the opened response. */
  async approve(): Promise<number> {
    const page = await fetch(`${this.#origin}/s/${this.#id}`);
    const cookie = (page.headers.getSetCookie()[0] ?? '').split(';', 1)[0] ?? '';
    const headers = { cookie, origin: this.#origin, 'sec-fetch-site': 'same-origin' };
    const callback = `${this.#origin}/callback?code=c&state=${encodeURIComponent(this.#state)}`;
    const redirected = await fetch(callback, { headers, redirect: 'manual' });
    if (redirected.status !== 303) throw new Error(`The relay took no response: ${redirected.status}`);
    const sentAt = performance.now();
    const entered = fetch(`${this.#origin}/s/${this.#id}/code`, { method: 'POST', headers, body: new URLSearchParams({ code }) });
    const took = (await this.answer) - sentAt;
    await this.#tell('/outcome', { ok: true });
    await entered;
    return took;
  }
}

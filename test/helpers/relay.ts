/** A relay that listens, a terminal that waits at it, and a browser that keeps cookies. */
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { createMemoryStore } from '../../src/relay/memory-store.js';
import { listenForRelay } from '../../src/relay/listen.js';
import { parsePublicUrl } from '../../src/relay/public-url.js';
import { createRedisStore } from '../../src/relay/redis-store.js';
import { createRelay } from '../../src/relay/relay.js';
import type { RelayStore } from '../../src/relay/store.js';
import type { OpenMessage } from '../../src/relay-protocol/messages.js';
import { createSealKeys, openSealed, type SealKeys } from '../../src/relay-protocol/seal.js';
import { createSessionId, hashText } from '../../src/relay-protocol/session-id.js';
import { hashShortCode } from '../../src/relay-protocol/short-code.js';
import { steppedClock, type SteppedClock } from './clock.js';
import { describeWith } from './installed.js';
import { startRedis, type Redis } from './redis.js';

export interface StoreUnderTest {
  /** A store without sessions, or with `shared`, one that sees those of the store before. */
  create(clock: SteppedClock, options?: { shared: boolean }): Promise<RelayStore>;
  /** All that the stores hold, as text. */
  dump(): Promise<string>;
}

/** Runs the tests with each store. */
export function describeWithStores(tests: (store: StoreUnderTest, name: 'memory' | 'redis') => void): void {
  describe('in memory', () => {
    let last: RelayStore | undefined;
    let ids: string[] = [];
    const create = (clock: SteppedClock): Promise<RelayStore> => {
      ids = [];
      const store = createMemoryStore({ clock });
      last = { ...store, open: (id, session) => (ids.push(id), store.open(id, session)) };
      return Promise.resolve(last);
    };
    const dump = async () => JSON.stringify(await Promise.all(ids.map(async (id) => last?.read(id))));
    tests({ create, dump }, 'memory');
  });
  describeWith('redis-server', 'in Redis', (program) => {
    let redis: Redis;
    beforeAll(async () => void (redis = await startRedis(program)));
    afterAll(() => redis.stop());
    const create = async (clock: SteppedClock, { shared } = { shared: false }) => {
      if (!shared) await redis.flush();
      const store = await createRedisStore({ url: redis.url, clock, log: () => undefined });
      onTestFinished(() => store.close());
      return store;
    };
    tests({ create, dump: () => redis.dump() }, 'redis');
  });
}

export interface RelayAddress {
  /** Where it listens. */
  readonly origin: string;
}

export interface TestRelay extends RelayAddress {
  readonly clock: SteppedClock;
  readonly log: string[];
  stop(): Promise<void>;
}

export interface TestRelayOptions {
  readonly store: RelayStore;
  readonly clock?: SteppedClock;
  /** Where browsers reach it, as behind a proxy with TLS. */
  readonly publicUrl?: string;
  readonly port?: number;
  readonly trustsProxy?: boolean;
}

export async function startRelay({
  store,
  clock = steppedClock(),
  publicUrl: text = 'https://relay.example',
  port: wanted = 0,
  trustsProxy = false,
}: TestRelayOptions): Promise<TestRelay> {
  const log: string[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const publicUrl = parsePublicUrl(text);
  const handle = createRelay({ publicUrl, store, clock, trustsProxy, log: (line) => log.push(line), signal });
  const { port, closed } = await listenForRelay({ handle, publicUrl, host: '127.0.0.1', port: wanted, clock, signal });
  const stop = async () => {
    stopping.abort();
    await clock.passUntil(closed);
  };
  onTestFinished(stop);
  return { origin: `http://127.0.0.1:${port}`, clock, log, stop };
}

export interface TestTerminal {
  readonly id: string;
  readonly keys: SealKeys;
  readonly secret: string;
  readonly state: string;
  readonly message: OpenMessage;
  put(at: RelayAddress, changes?: object): Promise<Response>;
  answer(at: RelayAddress, signal?: AbortSignal): Promise<Response>;
  outcome(at: RelayAddress, ok: boolean): Promise<Response>;
  remove(at: RelayAddress): Promise<Response>;
  open(sealed: string): Promise<string>;
}

/** @param code is the short code that it shows. */
export async function createTestTerminal(changes: Partial<OpenMessage> = {}, code = 'BCDFGH'): Promise<TestTerminal> {
  const keys = await createSealKeys();
  const secret = crypto.randomUUID();
  const secretHash = await hashText(secret);
  const id = await createSessionId({ publicKey: keys.publicKey, secretHash });
  const state = `${id}.${crypto.randomUUID()}`;
  const message: OpenMessage = {
    ...{ public_key: keys.publicKey, secret_hash: secretHash, state, response_mode: 'query', expires_in: 600 },
    ...{ code_hash: await hashShortCode(code, id), server: 'https://mcp.example/mcp', scope: 'read write' },
    authorization_url: 'https://as.example/authorize?client_id=x',
    ...changes,
  };
  const headers = { authorization: `Bearer ${secret}` };
  const send = (at: RelayAddress, path: string, request: RequestInit) => fetch(`${at.origin}/s/${id}${path}`, { headers, ...request });
  return {
    ...{ id, keys, secret, state, message },
    put: (at, more = {}) => send(at, '', { method: 'PUT', body: JSON.stringify({ ...message, ...more }) }),
    answer: (at, signal) => send(at, '/answer', { ...(signal && { signal }) }),
    outcome: (at, ok) => send(at, '/outcome', { method: 'POST', body: JSON.stringify({ ok }) }),
    remove: (at) => send(at, '', { method: 'DELETE' }),
    open: (sealed) => openSealed({ sealed, keys, context: id }),
  };
}

interface BrowserRequest {
  readonly method?: string;
  readonly body?: string | URLSearchParams;
  readonly headers?: Record<string, string>;
}

/** Follows no redirects by itself. */
export class TestBrowser {
  readonly #cookies = new Map<string, string>();
  readonly #origin: string;

  constructor(publicUrl = 'https://relay.example') {
    this.#origin = publicUrl;
  }

  /** Each as `name=value`, the oldest first. */
  get cookies(): readonly string[] {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`);
  }

  async get(at: RelayAddress, path: string): Promise<Response> {
    return this.#send(at, path, {});
  }

  /** Posts a form of a page of the relay. */
  async post(at: RelayAddress, path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const own = { origin: this.#origin, 'sec-fetch-site': 'same-origin', ...headers };
    return this.#send(at, path, { method: 'POST', body: new URLSearchParams(fields), headers: own });
  }

  async postJson(at: RelayAddress, path: string, value: object, headers: Record<string, string> = {}): Promise<Response> {
    const own = { origin: this.#origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json', ...headers };
    return this.#send(at, path, { method: 'POST', body: JSON.stringify(value), headers: own });
  }

  async #send(at: RelayAddress, path: string, { headers = {}, ...request }: BrowserRequest): Promise<Response> {
    const cookie = this.cookies.join('; ');
    const sent = { ...headers, ...(cookie !== '' && { cookie }) };
    const response = await fetch(`${at.origin}${path}`, { ...request, headers: sent, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; Max-Age=0\b/.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

import { randomUUID } from 'node:crypto';
import { createClient } from '@redis/client';
import type { Clock } from '../effects.js';
import { AuthError } from '../errors.js';
import { createChanges } from './changes.js';
import type { RelaySession } from './session.js';
import type { RelayStore, StoredSession, Updated } from './store.js';

const prefix = 'mcp-auth-relay:';
/** A sorted set of the sessions by when they expire. */
const index = `${prefix}sessions`;
/** The name of a session is published here after each change. */
const channel = `${prefix}changes`;
const keyOf = (id: string) => `${prefix}session:${id}`;

/**
 * Writes a session if its version is the expected one, or with an empty one, if there is none. Its key expires by itself.
 * KEYS: the session, the index. ARGV: expected version, new version, session, milliseconds, when it expires, ID, channel.
 */
const writeScript = `
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'session', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[6])
redis.call('PUBLISH', ARGV[7], ARGV[6])
return 1`;

/** Milliseconds for one request to Redis, and for a connection to it. */
const timeout = 5000;
const maxReconnectDelay = 2000;

interface RedisStoreOptions {
  readonly url: string;
  readonly clock: Clock;
  /** Takes a sentence when the connection is lost, and when it is back. */
  readonly log: (line: string) => void;
}

/**
 * Keeps the sessions in Redis, for several relays behind one address. One server: Redis Cluster is not supported.
 *
 * @throws AuthError `network_error` if Redis cannot be reached, now or later.
 */
export async function createRedisStore({ url, clock, log }: RedisStoreOptions): Promise<RelayStore> {
  const { client, subscriber, changes } = await connect({ url, log });
  const write = async (id: string, session: RelaySession, expected: string): Promise<StoredSession | undefined> => {
    const version = randomUUID();
    const lifetime = session.expiresAt - clock.now();
    if (lifetime <= 0) return undefined;
    const words = [expected, version, JSON.stringify(session), String(lifetime), String(session.expiresAt), id, channel];
    const isWritten = await client.eval(writeScript, { keys: [keyOf(id), index], arguments: words });
    return isWritten === 1 ? { session, version } : undefined;
  };
  const read = async (id: string): Promise<StoredSession | undefined> => {
    const [version, text] = await client.hmGet(keyOf(id), ['version', 'session']);
    if (typeof version !== 'string' || typeof text !== 'string') return undefined;
    const session = JSON.parse(text) as RelaySession;
    return session.expiresAt > clock.now() ? { session, version } : undefined;
  };

  return {
    open: (id, session) => reaching(async () => (await write(id, session, '')) !== undefined),
    read: (id) => reaching(() => read(id)),
    update: (id, change) => reaching(() => update({ id, change, read, write })),
    remove: (id) =>
      reaching(async () => {
        await client.multi().del(keyOf(id)).zRem(index, id).publish(channel, id).exec();
      }),
    waitForChange: async (id, version, signal) => {
      // First listen, then look: a change between the two must not be missed.
      const listening = new AbortController();
      const stop = () => listening.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        const changed = changes.next(id, listening.signal);
        if (!signal.aborted && (await reaching(() => read(id)))?.version === version) await changed;
      } finally {
        stop();
        signal.removeEventListener('abort', stop);
      }
    },
    sweep: () =>
      reaching(async () => {
        const expired = await client.zRemRangeByScore(index, '-inf', clock.now());
        return { expired, left: await client.zCard(index) };
      }),
    close: async () => {
      subscriber.destroy();
      await client.close();
    },
  };
}

interface UpdateOptions {
  readonly id: string;
  readonly change: (session: RelaySession) => RelaySession | undefined;
  readonly read: (id: string) => Promise<StoredSession | undefined>;
  readonly write: (id: string, session: RelaySession, expected: string) => Promise<StoredSession | undefined>;
}

/** Tries again until no other request has changed the session in between. Each failure is a success of another one. */
async function update({ id, change, read, write }: UpdateOptions): Promise<Updated | undefined> {
  for (;;) {
    const found = await read(id);
    if (found === undefined) return undefined;
    const changed = change(found.session);
    if (changed === undefined) return { ...found, isChanged: false };
    const written = await write(id, changed, found.version);
    if (written !== undefined) return { ...written, isChanged: true };
  }
}

/** Two connections, because one that is subscribed cannot be used for anything else. */
async function connect({ url, log }: Pick<RedisStoreOptions, 'url' | 'log'>) {
  let hasStarted = false;
  const client = createClient({
    url,
    // During an outage, requests fail at once instead of waiting for its end.
    disableOfflineQueue: true,
    commandOptions: { timeout },
    socket: {
      connectTimeout: timeout,
      reconnectStrategy: (retries, cause) => (hasStarted ? Math.min(maxReconnectDelay, 50 * 2 ** retries) : cause),
    },
  });
  const changes = createChanges();
  const subscriber = client.duplicate({ disableOfflineQueue: false });
  let isLost = false;
  client.on('error', () => {
    if (!isLost && hasStarted) log('The connection to Redis is lost.');
    isLost = true;
  });
  client.on('ready', () => {
    if (isLost) log('The connection to Redis is back.');
    isLost = false;
  });
  subscriber.on('error', () => undefined);
  // What was published in the meantime did not arrive.
  subscriber.on('ready', () => changes.reportAll());
  await reaching(async () => {
    await client.connect();
    await subscriber.connect();
    await subscriber.subscribe(channel, (id) => changes.report(id));
  });
  hasStarted = true;
  return { client, subscriber, changes };
}

/** Redis's own errors are not shown: they may contain its address. */
async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new AuthError('network_error', 'Redis cannot be reached.', { cause });
  }
}

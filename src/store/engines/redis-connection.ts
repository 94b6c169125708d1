/** One connection to Redis, by `@redis/client`. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../effects.js';
import { limitTime } from './call.js';
import { readCertificates } from './certificates.js';
import type { Connection } from './connection.js';
import { ConnectionLost, EngineTimeout } from './failure.js';
import type { RedisAddress } from './redis-address.js';

export interface RedisConnection extends Connection {
  /**
   * Sends a command. Commands of several calls are sent at once.
   *
   * @throws RedisRefusal, ConnectionLost, EngineTimeout.
   */
  send(words: readonly string[]): Promise<unknown>;
}

/** An error that Redis has replied. Its message begins with a code, as `NOAUTH`. */
export class RedisRefusal extends Error {
  override readonly name = 'RedisRefusal';
}

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  readonly clock: Clock;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly lose: () => void;
  /** Subscribes to a channel. The connection cannot be used for anything else. */
  readonly subscription?: { readonly channel: string; readonly take: (message: string) => void };
}

const connectTimeout = 5000;
const commandTimeout = 10_000;

export function createRedisConnection({ address, clock, variables, lose, subscription }: RedisConnectionOptions): RedisConnection {
  const state: { client?: RedisClient; isHeld: boolean; isLost: boolean } = { isHeld: true, isLost: false };
  const hold = (isHeld: boolean) => {
    state.isHeld = isHeld;
    if (isHeld) state.client?.ref();
    else state.client?.unref();
  };
  const end = () => {
    state.isLost = true;
    lose();
  };
  const destroy = () => {
    state.client?.destroy();
    end();
  };
  const connect = async () => {
    const client = await createRedisClient(address, variables);
    state.client = client;
    client.on('error', end);
    // The client forgets that while it connects.
    client.on('connect', () => hold(state.isHeld));
    client.on('ready', () => {
      if (state.isLost) client.destroy();
    });
    hold(state.isHeld);
    await client.connect();
    if (subscription !== undefined) await client.subscribe(subscription.channel, subscription.take);
  };
  return {
    hold,
    connect: () => withLimit({ clock, milliseconds: connectTimeout, destroy }, connect),
    send: async (words) => {
      // What has ended the connection while it was idle is seen now, before anything is sent.
      await setImmediate();
      const { client } = state;
      if (client === undefined || state.isLost) throw new ConnectionLost(false);
      try {
        return await withLimit({ clock, milliseconds: commandTimeout, destroy }, () => client.sendCommand(words));
      } catch (error) {
        throw error instanceof RedisRefusal || error instanceof EngineTimeout ? error : new ConnectionLost(true);
      }
    },
    close: () => {
      destroy();
      return Promise.resolve();
    },
  };
}

interface LimitOptions {
  readonly clock: Clock;
  readonly milliseconds: number;
  readonly destroy: () => void;
}

/** The client itself limits only the time until it sends a command. Only a refusal leaves the connection usable. */
async function withLimit<T>({ clock, milliseconds, destroy }: LimitOptions, work: () => Promise<T>): Promise<T> {
  let stop: () => void = () => undefined;
  const isOver = new Promise<never>((_, reject) => {
    stop = limitTime(clock, milliseconds, () => reject(new EngineTimeout(milliseconds)));
  });
  try {
    return await Promise.race([work(), isOver]);
  } catch (error) {
    const refusal = await toRefusal(error);
    if (refusal === undefined) destroy();
    throw refusal ?? error;
  } finally {
    stop();
  }
}

async function toRefusal(error: unknown): Promise<RedisRefusal | undefined> {
  const { ErrorReply } = await import('./redis-client.js');
  // Redis 6 puts the error of a command into that of its script.
  return error instanceof ErrorReply
    ? new RedisRefusal(error.message.replace(/^ERR Error running script .*?: -(?=[A-Z]+ )/, ''))
    : undefined;
}

type RedisClient = Awaited<ReturnType<typeof createRedisClient>>;

async function createRedisClient(address: RedisAddress, { REDISCLI_AUTH: secret = '' }: RedisConnectionOptions['variables']) {
  const { createClient } = await import('./redis-client.js');
  const { host, port, user, database, isEncrypted, certificateFile } = address;
  const password = address.password ?? (secret === '' ? undefined : secret);
  const ca = certificateFile === undefined ? {} : { ca: await readCertificates(certificateFile) };
  // After a loss, a call makes a new connection. The time of the client's own limit is never reached.
  const socket = { host, port, reconnectStrategy: false, connectTimeout: 2 * connectTimeout } as const;
  return createClient({
    RESP: 2,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    socket: isEncrypted ? { ...socket, tls: true, ...ca } : socket,
    disableOfflineQueue: true,
    commandOptions: { timeout: undefined },
    // Commands that the user of a store needs no right to.
    disableClientInfo: true,
    maintNotifications: 'disabled',
  });
}

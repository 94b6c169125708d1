/**
 * Stores in Redis 6.2 or newer, and in Valkey. Each call is one script, which Redis runs as a whole. Times are those of its clock.
 *
 * Redis confirms a write before a replica has it. If the primary fails and a replica takes its place, the last writes are lost: a
 * refresh token that was just rotated is gone, and the user has to log in again. A lease can be given a second time too, so that two
 * processes spend one refresh token. `WAIT` would make that rarer, not impossible: PostgreSQL loses nothing.
 */
import { AuthError } from '../../errors.js';
import { quote } from '../../text/server-text.js';
import { ending, reading, repeatCall, writing, type CallKind } from './call.js';
import { keepConnection } from './connection.js';
import type { Engine, EngineFinding, EngineKind, EngineOptions, Row, WriteResult } from './engine.js';
import { createAwayError, createRefusalError, toConnectionError, type Refusal } from './failure.js';
import { createListeners } from './listeners.js';
import { parseRedisUrl, redisParameters, redisProtocols, type RedisAddress } from './redis-address.js';
import { createRedisConnection, RedisRefusal } from './redis-connection.js';
import {
  extendScript,
  getChannel,
  getKeyIndex,
  getKeys,
  listScript,
  readScript,
  releaseScript,
  rowKinds,
  takeScript,
  writeScript,
} from './redis-scripts.js';

export const redis: EngineKind = {
  name: 'Redis',
  protocols: redisProtocols,
  parameters: redisParameters,
  open: openRedis,
};

type Send = (kind: CallKind, words: readonly string[]) => Promise<unknown>;
type RunScript = (kind: CallKind, script: string, words: readonly string[]) => Promise<unknown>;

function openRedis({ url, store, clock, variables }: EngineOptions): Engine {
  const address = parseRedisUrl(url);
  const keys = getKeys(store);
  const create = (lose: () => void) => createRedisConnection({ address, clock, variables, lose });
  const connection = keepConnection({ create, onOpen: () => undefined, onLose: () => undefined });
  const listeners = createListeners({ clock, reconnect: () => subscriber.get() });
  const subscription = { channel: getChannel(store), take: listeners.tell };
  // One that is subscribed cannot be used for anything else.
  const subscriber = keepConnection({
    create: (lose) => createRedisConnection({ address, clock, variables, lose, subscription }),
    onOpen: () => listeners.restore(),
    onLose: () => listeners.lose(),
  });
  const call = <T>(kind: CallKind, work: () => Promise<T>): Promise<T> =>
    repeatCall({ kind, clock, isBusy }, work).catch((error: unknown) => {
      throw toEngineError(error, address, kind);
    });
  const send: Send = (kind, words) => connection.hold(() => call(kind, async () => (await connection.get()).send(words)));
  const runScript: RunScript = (kind, script, words) => send(kind, ['EVAL', script, String(keys.length), ...keys, ...words]);
  return {
    ...createRowCalls(runScript, store),
    ...createLeaseCalls(runScript, store),
    listen: (take) => subscriber.hold(() => listeners.add(take, () => call(reading, () => subscriber.get()))),
    inspect: () => inspect(send, address),
    close: async () => {
      listeners.clear();
      await Promise.all([connection.close(), subscriber.close()]);
    },
  };
}

function createRowCalls(runScript: RunScript, store: string): Pick<Engine, 'read' | 'write'> {
  return {
    read: async (queries) => {
      const whole = new Set(queries.filter(({ keys }) => keys === undefined).map(({ kind }) => kind));
      const single = queries.filter(({ kind, keys }) => keys !== undefined && !whole.has(kind));
      const words = [
        ...[...whole].flatMap((kind) => [getKeyIndex(kind), '-1']),
        ...single.flatMap(({ kind, keys = [] }) => [getKeyIndex(kind), String(keys.length), ...keys]),
      ];
      return parseRows((await runScript(reading, readScript, words)) as string[]);
    },
    write: async (changes, lease) => {
      const words = changes.flatMap(({ kind, key, version = '', value }) => [
        ...[getKeyIndex(kind), key, version, value === undefined ? '0' : '1', value ?? '', `${kind} ${key}`],
      ]);
      const held = lease === undefined ? ['', ''] : [lease.name, lease.fence];
      return (await runScript(writing, writeScript, [getChannel(store), ...held, ...words])) as WriteResult;
    },
  };
}

/** Place, key and `VERSION VALUE` of each. A row that several queries ask for is there once. */
function parseRows(found: readonly string[]): Row[] {
  const rows = new Map<string, Row>();
  for (let at = 0; at < found.length; at += 3) {
    const [index = '', key = '', text = ''] = found.slice(at, at + 3);
    const kind = rowKinds.find((one) => getKeyIndex(one) === index);
    if (kind === undefined) continue;
    const end = text.indexOf(' ');
    rows.set(`${kind} ${key}`, { kind, key, version: text.slice(0, end), value: text.slice(end + 1) });
  }
  return [...rows.values()];
}

function createLeaseCalls(runScript: RunScript, store: string): Pick<Engine, 'takeLease' | 'extendLease' | 'releaseLease' | 'listLeases'> {
  return {
    takeLease: async ({ name, owner, duration, after = '' }) => {
      const found = (await runScript(writing, takeScript, [name, owner, String(duration), after])) as [number, string, string, number];
      const [isTaken, fence, holder, remaining] = found;
      return isTaken === 1 ? { name, fence } : { owner: holder, fence, remaining };
    },
    extendLease: async ({ name, fence }, duration) => (await runScript(ending, extendScript, [name, fence, String(duration)])) === 1,
    releaseLease: async ({ name, fence }) => {
      await runScript(ending, releaseScript, [name, fence, getChannel(store), `lease ${name}`]);
    },
    listLeases: async () => {
      const found = (await runScript(reading, listScript, [])) as (string | number)[];
      return Array.from({ length: found.length / 4 }, (_, index) => {
        const [name, fence, owner, remaining] = found.slice(4 * index, 4 * index + 4) as [string, string, string, number];
        return { name, owner, fence, remaining };
      });
    },
  };
}

/** Redis has done nothing: it reads its files, runs a script of another client for too long, or has too many clients. */
const isBusy = (error: unknown) => error instanceof RedisRefusal && /^(LOADING|BUSY|ERR max number of clients)\b/.test(error.message);

/** By the beginning of what Redis replies. */
const refusals: readonly Refusal[] = [
  {
    // Without a password, Redis reads short commands only.
    says: /^NOAUTH\b|^ERR Protocol error: unauthenticated/,
    problem: 'requires a password',
    hint: 'Set REDISCLI_AUTH, or write the URL with its password into a file and name it with MCP_AUTH_STORE_FILE.',
    code: 'store_unreadable',
  },
  {
    says: /^WRONGPASS\b|^ERR (AUTH|invalid password|Client sent AUTH)/i,
    problem: 'rejected the user name or the password',
    hint: 'Check the user name in the URL of the store, and its password or REDISCLI_AUTH.',
    code: 'store_unreadable',
  },
  {
    // The second form is that of a script.
    says: /^NOPERM\b|The user executing the script can't/,
    problem: 'denied the user of the store access to its keys, its channel or a command',
    hint: 'The administrator has to allow them: see docs/fleet.md',
  },
  {
    says: /^READONLY\b/,
    problem: 'is a read-only replica',
    hint: 'Name the primary server in the URL of the store.',
    code: 'store_unwritable',
  },
  {
    says: /^OOM\b/,
    problem: 'has no memory left (maxmemory)',
    hint: 'The administrator has to free some.',
    code: 'store_unwritable',
  },
  {
    says: /^MISCONF\b/,
    problem: 'cannot write to its disk, so that it accepts no writes',
    hint: 'The administrator has to look into its log.',
    code: 'store_unwritable',
  },
  {
    says: /^(MOVED|ASK|CROSSSLOT)\b/,
    problem: 'is a node of a cluster that does not have this store',
    hint: 'Name the node that has it in the URL of the store, or a Redis without cluster mode.',
    code: 'store_unreadable',
  },
  {
    says: /^DENIED\b/,
    problem: 'is in protected mode',
    hint: 'The administrator has to set a password, or the addresses that it listens at.',
    code: 'store_unreadable',
  },
  {
    says: /^ERR (DB index|invalid DB|SELECT)/i,
    problem: 'does not have the database in the URL of the store',
    hint: 'Use another number, or none: redis://HOST/0',
    code: 'store_unreadable',
  },
];

const certificateHint =
  'If the certificate is from a CA of your own, add cafile=FILE to the URL of the store. Check that the port is the one with TLS. See docs/fleet.md';

function toEngineError(error: unknown, address: RedisAddress, { refusal: own }: CallKind): AuthError {
  if (!(error instanceof RedisRefusal)) return toConnectionError(error, address, certificateHint);
  const { message } = error;
  if (isBusy(error) || /^(MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS)\b/.test(message)) {
    return createAwayError(address, quote(message), error);
  }
  return createRefusalError({ server: address, refusals, said: message, shown: quote(message), code: own, cause: error });
}

/** Asks with INFO, because CONFIG is forbidden to most users. */
async function inspect(send: Send, { place, isReadable }: RedisAddress): Promise<readonly EngineFinding[]> {
  const findings: EngineFinding[] = [];
  const add = (isFound: boolean, problem: string, hint: string) => {
    if (isFound) findings.push({ problem, hint });
  };
  add(isReadable, `The connection to Redis at ${place} is not encrypted.`, 'Use rediss:// for TLS in the URL of the store.');
  try {
    const sections = await Promise.all(['persistence', 'memory', 'replication'].map((name) => send(reading, ['INFO', name])));
    const info = sections.join('\n');
    const has = (line: RegExp) => line.test(info);
    add(
      has(/^aof_enabled:0/m),
      `Redis at ${place} has no append-only file: it forgets the newest logins when it restarts.`,
      'Set it in redis.conf, or with: redis-cli config set appendonly yes',
    );
    add(
      has(/^maxmemory_policy:allkeys-/m) && has(/^maxmemory:[1-9]/m),
      `Redis at ${place} removes logins when its memory is full (maxmemory-policy).`,
      'Set it in redis.conf, or with: redis-cli config set maxmemory-policy noeviction',
    );
    add(has(/^role:slave/m), `Redis at ${place} is a read-only replica.`, 'Name the primary server in the URL of the store.');
  } catch (error) {
    if (!(error instanceof AuthError && error.code === 'store_unreadable' && error.cause instanceof RedisRefusal)) throw error;
    const hint = 'Allow the user of the store the command INFO, or check that appendonly is yes and maxmemory-policy is noeviction.';
    add(true, `Redis at ${place} does not let mcp-auth look at how it is set up.`, hint);
  }
  return findings;
}

/**
 * Stores in PostgreSQL. Each call is one statement, which is one transaction and one round trip: it works behind a pooler in
 * transaction mode, and no lock outlives it. Times are those of the server's clock.
 */
import { AuthError } from '../../errors.js';
import { quote } from '../../text/server-text.js';
import { ending, reading, repeatCall, writing, type CallKind } from './call.js';
import { keepConnection, type KeptConnection } from './connection.js';
import type { Engine, EngineFinding, EngineKind, EngineOptions, HeldLease, Lease, Row, WriteResult } from './engine.js';
import { createRefusalError, toConnectionError, type Refusal } from './failure.js';
import { createListeners } from './listeners.js';
import { addressParameters, parsePostgresUrl, type PostgresAddress } from './postgres-address.js';
import { createPostgresConnection, getSqlState, passwordHint, type PostgresConnection } from './postgres-connection.js';
import {
  createTables,
  endLease,
  inspectServer,
  moveLeaseEnd,
  raceMarker,
  selectLeases,
  selectRows,
  takeFreeLease,
  toStoredKey,
  writeRows,
} from './postgres-statements.js';

export const postgres: EngineKind = {
  name: 'PostgreSQL',
  protocols: ['postgres:', 'postgresql:'],
  parameters: addressParameters,
  open: openPostgres,
};

type Query = PostgresConnection['query'];
type Call = <T>(kind: CallKind, work: () => Promise<T>) => Promise<T>;
type Run = <Found extends object>(kind: CallKind, text: string, values?: readonly unknown[]) => Promise<Found[]>;

function openPostgres({ url, store, clock, variables }: EngineOptions): Engine {
  const address = parsePostgresUrl(url);
  const listeners = createListeners({ clock, reconnect: () => connection.get().then(listenAgain) });
  const listenAgain = async (open: PostgresConnection) => {
    await open.listen();
    listeners.restore();
  };
  const connection = keepConnection({
    create: (lose) =>
      createPostgresConnection({ address, clock, variables, lose, take: (payload) => tellTopic(payload, store, listeners.tell) }),
    onOpen: (open) => {
      if (listeners.hasAny()) listenAgain(open).catch(() => listeners.lose());
    },
    onLose: () => listeners.lose(),
  });
  const call: Call = (kind, work) =>
    repeatCall({ kind, clock, isBusy, isConflict }, work).catch((error: unknown) => {
      throw toEngineError(error, address, kind);
    });
  const run = createRun(connection, call);
  return {
    ...createRowCalls(run, store),
    ...createLeaseCalls(run, store),
    listen: (take) => connection.hold(() => listeners.add(take, () => call(reading, async () => (await connection.get()).listen()))),
    inspect: async () => describeServer(await run<ServerState>(reading, inspectServer), address),
    close: async () => {
      listeners.clear();
      await connection.close();
    },
  };
}

function tellTopic(payload: string, store: string, tell: (topic: string | undefined) => void): void {
  if (payload === store) tell(undefined);
  else if (payload.startsWith(`${store} `)) tell(payload.slice(store.length + 1));
}

function createRowCalls(run: Run, store: string): Pick<Engine, 'read' | 'write'> {
  return {
    read: async (queries) => {
      const kinds = queries.filter(({ keys }) => keys === undefined).map(({ kind }) => kind);
      const single = queries.flatMap(({ kind, keys = [] }) =>
        kinds.includes(kind) ? [] : [...new Set(keys)].map((key) => ({ kind, key })),
      );
      const keys = single.map(({ key }) => toStoredKey(key));
      return run<Row>(reading, selectRows, [store, kinds, single.map(({ kind }) => kind), keys]);
    },
    write: async (changes, lease) => {
      const column = <Value>(value: (change: (typeof changes)[number]) => Value) => changes.map(value);
      const keys = [column(({ kind }) => kind), column(({ key }) => toStoredKey(key)), column(({ key }) => key)];
      const values = [column(({ version = null }) => version), column(({ value = null }) => value)];
      const held = [lease === undefined ? null : toStoredKey(lease.name), lease?.fence ?? null];
      const payloads = column(({ kind, key }) => toPayload(store, `${kind} ${key}`));
      try {
        const [found] = await run<{ result: WriteResult }>(writing, writeRows, [store, ...keys, ...values, ...held, payloads]);
        return found?.result ?? 'changed';
      } catch (error) {
        if (error instanceof AuthError && isRace(error.cause)) return 'changed';
        throw error;
      }
    },
  };
}

/** Whether another process has created the same row at the same moment: the statement fails, so that none of its changes remain. */
function isRace(error: unknown): boolean {
  return getSqlState(error) === '22P02' && (error as Error).message.includes(raceMarker);
}

/** Bytes of a topic that a notification has; PostgreSQL has 8000 for the whole. */
const maxTopicBytes = 7000;

/** A topic that is too long is not sent: the listeners look at everything. */
function toPayload(store: string, topic: string): string {
  return Buffer.byteLength(topic) > maxTopicBytes ? store : `${store} ${topic}`;
}

interface FoundLease {
  readonly is_taken: boolean;
  readonly name: string;
  readonly owner: string;
  readonly fence: string;
  readonly remaining: number;
}

function createLeaseCalls(run: Run, store: string): Pick<Engine, 'takeLease' | 'extendLease' | 'releaseLease' | 'listLeases'> {
  return {
    takeLease: async ({ name, owner, duration, after = null }): Promise<Lease | HeldLease> => {
      for (;;) {
        const [found] = await run<FoundLease>(writing, takeFreeLease, [store, toStoredKey(name), name, owner, duration, after]);
        if (found?.is_taken === true) return { name, fence: found.fence };
        // Otherwise another process has taken it after this statement began, which does not see that yet.
        if (found !== undefined && found.remaining > 0) return { owner: found.owner, fence: found.fence, remaining: found.remaining };
      }
    },
    extendLease: async ({ name, fence }, duration) =>
      (await run(ending, moveLeaseEnd, [store, toStoredKey(name), fence, duration])).length > 0,
    releaseLease: async ({ name, fence }) => {
      await run(ending, endLease, [store, toStoredKey(name), fence, toPayload(store, `lease ${name}`)]);
    },
    listLeases: async () => {
      const found = await run<FoundLease>(reading, selectLeases, [store]);
      return found.map(({ name, owner, fence, remaining }) => ({ name, owner, fence, remaining }));
    },
  };
}

function createRun(connection: KeptConnection<PostgresConnection>, call: Call): Run {
  return <Found extends object>(kind: CallKind, text: string, values: readonly unknown[] = []) => {
    const send = async () => {
      const open = await connection.get();
      return open.query<Found>(text, values).catch(async (error: unknown) => {
        if (getSqlState(error) !== tableMissing) throw error;
        await createMissingTables((...words) => open.query(...words));
        return open.query<Found>(text, values);
      });
    };
    return connection.hold(() => call(kind, send));
  };
}

const tableMissing = '42P01';
/** What a process gets that creates what another one is creating: unique_violation, duplicate_table, duplicate_object. */
const createdMeanwhile = ['23505', '42P07', '42710'];

const maxCreations = 10;

async function createMissingTables(query: Query): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await query(createTables);
      return;
    } catch (error) {
      if (!createdMeanwhile.includes(getSqlState(error) ?? '') || attempt === maxCreations) throw error;
    }
  }
}

/** too_many_connections, and cannot_connect_now while it starts. */
const isBusy = (error: unknown) => ['53300', '57P03'].includes(getSqlState(error) ?? '');
/** serialization_failure and deadlock_detected: the transaction was undone. */
const isConflict = (error: unknown) => ['40001', '40P01'].includes(getSqlState(error) ?? '');

const certificateHint =
  'If the certificate is from a CA of your own, add sslrootcert=FILE to the URL of the store. If the server has no TLS and the network between is trusted, add sslmode=disable. See docs/fleet.md';

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const refusals: readonly Refusal[] = [
  { says: /^28P01$/, problem: 'rejected the password or the role', hint: passwordHint, code: 'store_unreadable' },
  {
    says: /^28000$/,
    problem: 'rejected the role, or does not accept it from this machine',
    hint: 'Check the user name in the URL of the store, its sslmode, and pg_hba.conf of the server.',
    code: 'store_unreadable',
  },
  {
    says: /^3D000$/,
    problem: 'does not have that database',
    hint: 'Check the database in the URL of the store: postgres://USER@HOST/DATABASE. The administrator creates it: see docs/fleet.md',
    code: 'store_unreadable',
  },
  {
    says: /^42501$|^3F000$/,
    problem: 'denied the role of the store access to its tables, or the right to create them',
    hint: 'The administrator has to run the SQL in docs/fleet.md',
  },
  {
    says: /^25006$/,
    problem: 'is read-only: it is a standby, or its transactions are set to read-only',
    hint: 'Name the primary server in the URL of the store.',
    code: 'store_unwritable',
  },
  { says: /^53100$/, problem: 'has no disk space left', hint: 'The administrator has to free some.', code: 'store_unwritable' },
];

function toEngineError(error: unknown, address: PostgresAddress, { refusal: own }: CallKind): AuthError {
  const state = getSqlState(error);
  if (state === undefined) return toNodeError(error, address);
  const { message } = error as Error;
  if (/^57P0[1235]$|^53300$|^08/.test(state)) {
    return new AuthError('store_away', `PostgreSQL at ${address.place} cannot be used now: ${quote(message)}.`, {
      hint: 'Try again later.',
      cause: error,
    });
  }
  const shown = `${quote(message)} (${state})`;
  return createRefusalError({ server: address, refusals, said: state, shown, code: own, cause: error });
}

/** Errors of Node, and of `pg` itself, which have no codes. */
function toNodeError(error: unknown, address: PostgresAddress): AuthError {
  if (error instanceof Error && error.message.includes('does not support SSL')) {
    return new AuthError('store_unreadable', `PostgreSQL at ${address.place} does not support TLS.`, {
      hint: 'Turn it on in the server. If the network between is trusted, add sslmode=disable to the URL of the store. See docs/fleet.md',
      cause: error,
    });
  }
  return toConnectionError(error, address, certificateHint);
}

interface ServerState {
  readonly is_standby: boolean;
  readonly is_superuser: boolean;
  readonly synchronous_commit: string;
  readonly fsync: string;
}

function describeServer([state]: readonly ServerState[], { isReadable, place }: PostgresAddress): readonly EngineFinding[] {
  const isLossy = state?.fsync === 'off' || state?.synchronous_commit === 'off';
  const setting = state?.fsync === 'off' ? 'fsync' : 'synchronous_commit';
  return [
    ...(state?.is_standby === true
      ? [{ problem: `PostgreSQL at ${place} is a read-only standby.`, hint: 'Name the primary server in the URL of the store.' }]
      : []),
    ...(state?.is_superuser === true
      ? [
          {
            problem: 'The role of the store is a superuser.',
            hint: 'Create a role that can use the tables of the store only: see docs/fleet.md',
          },
        ]
      : []),
    ...(isLossy
      ? [
          {
            problem: `${setting} is off in PostgreSQL: logins can be lost when it crashes.`,
            hint: `Set ${setting} to on for this database.`,
          },
        ]
      : []),
    ...(isReadable
      ? [
          {
            problem: `The connection to PostgreSQL at ${place} is not encrypted.`,
            hint: 'Turn on TLS in the server, and remove sslmode=disable from the URL of the store.',
          },
        ]
      : []),
  ];
}

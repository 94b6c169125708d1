/** One connection to PostgreSQL. */
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Clock } from '../../effects.js';
import { AuthError } from '../../errors.js';
import { limitTime } from './call.js';
import type { Connection } from './connection.js';
import { ConnectionLost, EngineTimeout } from './failure.js';
import { findPassword } from './password-file.js';
import { readTlsOptions, type PostgresAddress } from './postgres-address.js';

export interface PostgresConnection extends Connection {
  /**
   * Sends one statement and resolves with its rows. Statements of several calls are sent one after the other.
   *
   * @throws DatabaseError of `pg`, ConnectionLost, EngineTimeout.
   */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Has the server send notifications. Does so once. */
  listen(): Promise<void>;
}

export interface PostgresConnectionOptions {
  readonly address: PostgresAddress;
  readonly clock: Clock;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly lose: () => void;
  /** Takes the payload of each notification. */
  readonly take: (payload: string) => void;
}

const connectTimeout = 5000;
const queryTimeout = 10_000;
const closeTimeout = 1000;
/** Milliseconds until the first probe of an idle connection, so that firewalls do not forget it. */
const keepAliveDelay = 30_000;

/** The channel of all stores of a database. */
export const channel = 'mcp_auth';

/** Codes of errors with which the server also ends the connection. */
const lostCodes = ['57P01', '57P02', '57P03', '57P05', '25P03', '08006', '08003', '08P01'];

export function createPostgresConnection({ address, clock, variables, lose, take }: PostgresConnectionOptions): PostgresConnection {
  // A socket of our own, since that of `pg` is replaced when TLS begins.
  const socket = new Socket();
  const state: { client?: Client; isLost: boolean; timeout?: EngineTimeout } = { isLost: false };
  let last: Promise<unknown> = Promise.resolve();
  const end = () => {
    state.isLost = true;
    lose();
  };
  const destroy = (timeout?: EngineTimeout) => {
    if (timeout !== undefined) state.timeout ??= timeout;
    socket.destroy();
    end();
  };
  const send = async <Row extends object>(text: string, values: readonly unknown[] | undefined): Promise<Row[]> => {
    // What has ended the connection while it was idle is seen now, before anything is sent.
    await setImmediate();
    const { client } = state;
    if (client === undefined || state.isLost) throw new ConnectionLost(false);
    const stop = limitTime(clock, queryTimeout, () => destroy(new EngineTimeout(queryTimeout)));
    try {
      const { rows } = await (values === undefined ? client.query<Row>(text) : client.query<Row>(text, [...values]));
      return rows;
    } catch (error) {
      if (isLoss(error)) destroy();
      throw state.timeout ?? (isLoss(error) ? new ConnectionLost(true) : error);
    } finally {
      stop();
    }
  };
  const query = <Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> => {
    const mine = last.then(() => send<Row>(text, values));
    last = mine.catch(() => undefined);
    return mine;
  };
  const connect = async () => {
    try {
      state.client = await connectClient({ address, socket, variables, end, take });
    } catch (error) {
      destroy();
      throw isConnectTimeout(error) ? new EngineTimeout(connectTimeout) : error;
    }
  };
  return {
    connect,
    query,
    hold: createHold(socket),
    listen: startOnce(() => query(`LISTEN ${channel}`)),
    close: async () => {
      const stop = limitTime(clock, closeTimeout, () => socket.destroy());
      await state.client?.end();
      stop();
      destroy();
    },
  };
}

/** Node would add a listener for each call while the socket connects, and warn of so many. A socket that connects is held. */
function createHold(socket: Socket): (isHeld: boolean) => void {
  let wanted = true;
  const apply = () => {
    if (wanted) socket.ref();
    else socket.unref();
  };
  socket.once('connect', apply);
  return (isHeld) => {
    wanted = isHeld;
    if (!socket.pending) apply();
  };
}

/** Calls that come while it runs, or after it has succeeded, share it. */
function startOnce(work: () => Promise<unknown>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work().then(() => undefined);
    running.catch(() => (running = undefined));
    return running;
  };
}

type ClientOptions = Pick<PostgresConnectionOptions, 'address' | 'variables' | 'take'> & {
  readonly socket: Socket;
  readonly end: () => void;
};

async function connectClient({ address, socket, variables, end, take }: ClientOptions): Promise<Client> {
  const [{ Client }, ssl] = await Promise.all([import('pg'), readTlsOptions(address)]);
  const { host, port, user, database } = address;
  const missing = { isPassword: false };
  const client = new Client({
    // Everything is given: `pg` would take the rest from the environment, as another host for which TLS is needed.
    ...{ host, port, user, database, ssl, sslnegotiation: 'postgres', application_name: 'mcp-auth' },
    stream: () => socket,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelay,
    connectionTimeoutMillis: connectTimeout,
    password: async () => {
      const { user = '', database = user } = client as { user?: string; database?: string };
      const found = address.password ?? (await findPassword({ host, port, user, database, variables }));
      missing.isPassword = found === undefined;
      return found ?? '';
    },
  });
  client.on('error', end);
  client.on('end', end);
  client.on('notification', ({ channel: from, payload = '' }) => {
    if (from === channel) take(payload);
  });
  try {
    return await client.connect();
  } catch (error) {
    throw missing.isPassword ? createPasswordError(address) : error;
  }
}

function createPasswordError({ place }: PostgresAddress): AuthError {
  return new AuthError('store_unreadable', `PostgreSQL at ${place} requires a password.`, { hint: passwordHint });
}

export const passwordHint =
  'Set PGPASSWORD, write it into the file of PGPASSFILE or ~/.pgpass with mode 0600, or write the URL with its password into a file and name it with MCP_AUTH_STORE_FILE.';

/** Errors of `pg` have no code. */
function isConnectTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout expired';
}

/** SQLSTATE of an error that the server sent; undefined for all others. */
export function getSqlState(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && typeof severity === 'string' ? code : undefined;
}

function isLoss(error: unknown): boolean {
  const code = getSqlState(error);
  return code === undefined ? error instanceof Error : lostCodes.includes(code);
}

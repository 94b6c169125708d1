/** The connection of an open engine: made when a call needs it, shared by all calls, and made again after it was lost. */
import { ConnectionLost } from './failure.js';

export interface Connection {
  /** Connects. Called once. */
  connect(): Promise<void>;
  /** Whether it keeps the process alive. */
  hold(isHeld: boolean): void;
  /** Ends it, within a second if it does not respond. */
  close(): Promise<void>;
}

export interface ConnectionOptions<C extends Connection> {
  /** Creates one that does not connect yet and calls `lose` when it can no longer be used. */
  readonly create: (lose: () => void) => C;
  /** Called for each connection that is made. */
  readonly onOpen: (connection: C) => void;
  /** Called when a connection that was made is lost. */
  readonly onLose: () => void;
}

export interface KeptConnection<C extends Connection> {
  /** The connection, which is made if there is none. Calls that come while it is made share it, or its failure. */
  get(): Promise<C>;
  /** Keeps the process alive while `work` runs, and no longer. */
  hold<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function keepConnection<C extends Connection>(options: ConnectionOptions<C>): KeptConnection<C> {
  const state: KeptState<C> = { newest: undefined, opening: undefined, callers: 0 };
  return {
    get: () => {
      if (state.opening !== undefined) return state.opening;
      const mine = open(options, state);
      state.opening = mine;
      mine.catch(() => {
        if (state.opening === mine) state.opening = undefined;
      });
      return mine;
    },
    hold: async (work) => {
      state.callers += 1;
      state.newest?.hold(true);
      try {
        return await work();
      } finally {
        state.callers -= 1;
        state.newest?.hold(state.callers > 0);
      }
    },
    close: async () => {
      const connection = state.newest;
      state.newest = state.opening = undefined;
      connection?.hold(true);
      await connection?.close();
    },
  };
}

interface KeptState<C> {
  /** The one that is used, or that is connecting. */
  newest: C | undefined;
  opening: Promise<C> | undefined;
  /** How many calls are running. */
  callers: number;
}

async function open<C extends Connection>(options: ConnectionOptions<C>, state: KeptState<C>): Promise<C> {
  const mine = { isOpen: false, isLost: false };
  const connection = options.create(() => {
    if (mine.isLost) return;
    mine.isLost = true;
    if (!mine.isOpen || state.newest !== connection) return;
    state.newest = state.opening = undefined;
    options.onLose();
  });
  state.newest = connection;
  connection.hold(state.callers > 0);
  await connection.connect();
  if (hasFlag(mine)) throw new ConnectionLost(false);
  mine.isOpen = true;
  connection.hold(state.callers > 0);
  options.onOpen(connection);
  return connection;
}

/** Read by a function, since the compiler does not see that it changes while the connection is made. */
const hasFlag = ({ isLost }: { readonly isLost: boolean }) => isLost;

/**
 * What a store in a database asks of its engine. An engine knows nothing of OAuth: it keeps rows of text, changes them only if they
 * still have the version that was read, gives leases that end by themselves, and tells its clients what has changed.
 */
import type { Clock } from '../../effects.js';

/** One login, one client registration, or whatever else a store has. */
export interface RowId {
  readonly kind: RowKind;
  readonly key: string;
}

/**
 * `server`: an entry of `mcpServers`, by its name. `client`: a registration, by its issuer and id. `member`: another member of the
 * document, by its name. `attempt`: a two-step login, by its id.
 */
export type RowKind = 'server' | 'client' | 'member' | 'attempt';

export interface Row extends RowId {
  /** Given by the engine at each write. No row has the same version twice, even if it is deleted and created again. */
  readonly version: string;
  readonly value: string;
}

/** A row that replaces another, creates one, or deletes one. */
export interface RowChange extends RowId {
  /** The version that it replaces; undefined if there must be no such row. */
  readonly version: string | undefined;
  /** Undefined to delete the row. */
  readonly value: string | undefined;
}

/** All rows of a kind, or those with these keys. */
export interface RowQuery {
  readonly kind: RowKind;
  readonly keys?: readonly string[];
}

/** The right to do something that only one process may do at a time. */
export interface Lease {
  readonly name: string;
  /** Grows each time that the lease of this name is taken. A process that comes with an older one is late. */
  readonly fence: string;
}

/** A lease that another process has. */
export interface HeldLease {
  /** What its holder said of itself: see `lock-owner.ts`. */
  readonly owner: string;
  readonly fence: string;
  /** Milliseconds until it ends by itself, by the engine's clock. */
  readonly remaining: number;
}

export interface LeaseRequest {
  readonly name: string;
  readonly owner: string;
  /** Milliseconds until the lease ends by itself, by the engine's clock: clocks of two machines are never compared. */
  readonly duration: number;
  /** The fence of a lease whose holder is known to have ended: it is taken over at once. */
  readonly after?: string | undefined;
}

export type WriteResult =
  | 'written'
  /** A row has another version than was expected. Nothing was written. */
  | 'changed'
  /** Another process has taken the lease, or it has ended. Nothing was written. */
  | 'late';

/**
 * An open engine: a connection that is made when it is needed, and made again after it was lost. It does not keep the process alive
 * between two calls.
 *
 * Every method throws AuthError `store_away` if the engine cannot be reached or does not answer in time, or its connection is lost:
 * then a write may have been made or not. `store_unreadable` or `store_unwritable` if it refuses (a password, a right, a full disk).
 */
export interface Engine {
  read(queries: readonly RowQuery[]): Promise<Row[]>;
  /**
   * Makes all changes or none, as one transaction of the engine, which lasts for one round trip. Tells the listeners the topic
   * `KIND KEY` of each change.
   *
   * @param lease must be held: if another process has taken it since, or it has ended, nothing is written.
   */
  write(changes: readonly RowChange[], lease?: Lease): Promise<WriteResult>;
  /** Takes a lease that is free or has ended, with a new fence. */
  takeLease(request: LeaseRequest): Promise<Lease | HeldLease>;
  /** Makes a lease end so many milliseconds from now. False if it is no longer held: another process has taken it, or it has ended. */
  extendLease(lease: Lease, duration: number): Promise<boolean>;
  /** Ends a lease, and tells the listeners the topic `lease NAME`. Does nothing if another process has it. */
  releaseLease(lease: Lease): Promise<void>;
  /** The leases that are held now. */
  listLeases(): Promise<(HeldLease & { readonly name: string })[]>;
  /**
   * Calls `take` with the topic of each change by any process, and with undefined if some may have been missed. Resolves when it
   * listens, to a function that ends that. A connection pooler may swallow the messages, so that callers also look now and then.
   */
  listen(take: (topic: string | undefined) => void): Promise<() => void>;
  /** What the operator should know about how the engine is set up, as sentences for `doctor`, each with what to do. */
  inspect(): Promise<readonly EngineFinding[]>;
  /** Closes the connection. The engine is not used after that. */
  close(): Promise<void>;
}

export interface EngineFinding {
  readonly problem: string;
  readonly hint: string;
}

export interface EngineOptions {
  /** With the password, if it has one. */
  readonly url: URL;
  /** The name of this store among those of the same database: `?store=NAME`, `default` otherwise. */
  readonly store: string;
  readonly clock: Clock;
  /** The environment: some engines' passwords have variables of their own. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** A kind of engine. To add one, export it from a file of this folder and add it to the list in `index.ts`. */
export interface EngineKind {
  /** Its name, for the user. */
  readonly name: string;
  /** The schemes of its URLs, with the colon, the usual one first. */
  readonly protocols: readonly string[];
  /** Parameters of its URLs besides `store`. Others are refused. */
  readonly parameters: readonly string[];
  /** Connects to nothing. Loads the engine's package when the first call needs it. */
  open(options: EngineOptions): Engine;
}

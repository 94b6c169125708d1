/** Where a relay keeps its sessions: in this process, or in Redis if several relays share the work. */
import type { RelaySession } from './session.js';

export interface StoredSession {
  readonly session: RelaySession;
  /** Another one after each change. */
  readonly version: string;
}

export interface Updated extends StoredSession {
  readonly isChanged: boolean;
}

export interface RelayStore {
  /** Adds a session. False if there is one of that name, which stays as it is. */
  open(id: string, session: RelaySession): Promise<boolean>;
  read(id: string): Promise<StoredSession | undefined>;
  /**
   * Changes a session in one step, whatever other requests do at the same time. Undefined if there is no such session.
   *
   * @param change returns the new session, or undefined to leave it as it is. It may be called several times.
   */
  update(id: string, change: (session: RelaySession) => RelaySession | undefined): Promise<Updated | undefined>;
  remove(id: string): Promise<void>;
  /** Resolves when the session is no longer the one of that version, or when the signal aborts. */
  waitForChange(id: string, version: string, signal: AbortSignal): Promise<void>;
  /** Removes what has expired, and says how much that was and how many sessions are left. */
  sweep(): Promise<{ readonly expired: number; readonly left: number }>;
  close(): Promise<void>;
}

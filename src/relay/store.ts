/** What a relay remembers of a login, and where: in this process, or in Redis if several relays share the work. */
import type { OpenMessage } from '../relay-protocol/messages.js';

/** A login that waits for its authorization response. Nothing in it opens what is sealed. */
export interface RelaySession {
  readonly opened: Omit<OpenMessage, 'expires_in'>;
  /** In milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The authorization response, which has arrived. It is kept back until it is released. */
  readonly answer?: { readonly sealed: string; readonly isError: boolean };
  /** Set when the terminal may have the answer, with the short code that the user typed. */
  readonly release?: { readonly code?: string };
  readonly wrongCodes: number;
  /** How it ended. A session that has ended is kept for a while, so that its page can say so. */
  readonly end?: 'logged_in' | 'failed' | 'too_many_codes';
}

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

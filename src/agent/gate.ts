/** What one socket of an agent may be used for. */

import { redactUrl } from '../text/server-text.js';

/** A server of the agent's store. */
export interface AdmittedServer {
  readonly name: string;
  readonly url: URL;
}

/** A login that is asked for. */
export interface AskedLogin extends AdmittedServer {
  readonly isNew: boolean;
  /** The scopes that are asked for. */
  readonly scope?: string | undefined;
}

/** What is asked of a server's login. */
export type Use = 'request' | 'token';

export interface Gate {
  readonly kind: 'owner' | 'restricted';
  /** The machine or container that uses the socket, as the user named it. */
  readonly host: string;
  readonly lendsTokens: boolean;
  /** Whether it may be told that a server of that name is there. */
  mayKnow(name: string): boolean;
  /**
   * Resolves if the login of a server may be used, perhaps after the user was asked, and counts the use.
   *
   * @throws AuthError `agent_refused`, `agent_busy`, and the signal's reason.
   */
  admit(server: AdmittedServer, use: Use, signal: AbortSignal): Promise<void>;
  /**
   * Resolves if a login to this server may be started on this machine, after the user was asked. The result is to be called when it
   * has succeeded: only then may the login be used without another question.
   *
   * @param server with the name that it has, or will have, in the store.
   * @throws AuthError as `admit`.
   */
  admitLogin(server: AskedLogin, signal: AbortSignal): Promise<() => void>;
  /** Counts a message of a connection that was admitted. @throws AuthError `agent_busy` */
  count(server: AdmittedServer): void;
  /** Takes room for a part of a message. False if there is none. Give it back by a negative number, when the message is not needed any more. */
  reserve(octets: number): boolean;
}

/** A server's URL as the other side of a socket sees it: without keys and query values on a restricted one. */
export function formatUrlFor({ kind }: Gate, url: URL): string {
  return kind === 'owner' ? url.href : redactUrl(url);
}

/** The user's own socket: the store and everything else are theirs anyway. */
export const ownerGate: Gate = {
  kind: 'owner',
  host: 'this machine',
  lendsTokens: true,
  mayKnow: () => true,
  admit: () => Promise.resolve(),
  count: () => undefined,
  admitLogin: () => Promise.resolve(() => undefined),
  reserve: () => true,
};

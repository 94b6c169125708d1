/** What a connection to another machine asks the agent for: one socket with only the rights of that machine. */
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';

export interface ForwardingRequest {
  /** As the user named it; shown when the agent asks. */
  readonly host: string;
  /** The only servers that the remote machine may use, by name; absent to be asked once for each. */
  readonly only?: readonly string[] | undefined;
  readonly lendsTokens: boolean;
  readonly lifeSeconds?: number | undefined;
  /** Whether it outlives the caller, and the agent opens it again after a restart: for --ssh-config. */
  readonly isLasting?: boolean;
}

export interface Forwarding {
  /** The path of the restricted socket on this machine. */
  readonly socket: string;
  /** Resolves when the agent has ended it (revoked, expired, stopped), to a sentence for the user. */
  readonly ended: Promise<string>;
  close(): void;
}

/** Opens a restricted socket of the agent, until `close` or the end of this process. */
export function openForwarding(...[{ host }]: [request: ForwardingRequest, context: Context]): Promise<Forwarding> {
  return Promise.reject(new AuthError('usage', `There is no agent yet that ${host} could use.`));
}

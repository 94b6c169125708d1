/** The errors that all engines share. */
import { classifyAddress } from '../../http/address-ranges.js';
import { describeFailure } from '../../http/network-errors.js';
import { AuthError } from '../../errors.js';

/** A server, as messages name it: `PostgreSQL`, and `db.example:5432` or the path of a socket. */
export interface EngineServer {
  readonly name: string;
  readonly place: string;
}

/** A connection that could not be made in time, or a request without a response. */
export class EngineTimeout extends Error {
  override readonly name = 'EngineTimeout';
  constructor(readonly milliseconds: number) {
    super('timed out');
  }
}

/** A connection that was lost. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  /** @param isSent whether the request may have reached the server. */
  constructor(readonly isSent: boolean) {
    super('connection closed');
  }
}

export function createAwayError({ name, place }: EngineServer, reason: string, cause?: unknown): AuthError {
  return new AuthError('store_away', `${name} at ${place} cannot be reached: ${reason}.`, {
    hint: 'Check that it is running, that the URL of the store is right, and that this machine can connect to it. Then try again.',
    cause,
  });
}

/** An error of Node: of a socket, of DNS or of TLS. A certificate that is not trusted is no outage, so that it is reported at once. */
export function toConnectionError(error: unknown, server: EngineServer, certificateHint: string): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof EngineTimeout) return createAwayError(server, `timed out after ${error.milliseconds / 1000} seconds`, error);
  if (error instanceof ConnectionLost) return createAwayError(server, 'connection closed', error);
  const { sentence, hint } = describeFailure(error);
  if (hint === undefined) return createAwayError(server, sentence, error);
  return new AuthError('store_unreadable', `${server.name} at ${server.place} cannot be used: ${sentence}.`, {
    hint: certificateHint,
    cause: error,
  });
}

/** What a server says when it refuses a call, and what that means. */
export interface Refusal {
  /** Matches the code or the text that the server sends. */
  readonly says: RegExp;
  /** Follows the name and the place of the server. */
  readonly problem: string;
  readonly hint: string;
  /** Where it is not that of the call. */
  readonly code?: RefusalCode;
}

export type RefusalCode = 'store_unreadable' | 'store_unwritable';

interface RefusedCall {
  readonly server: EngineServer;
  readonly refusals: readonly Refusal[];
  /** What the server sent. */
  readonly said: string;
  /** The same as the user sees it if no refusal is known. */
  readonly shown: string;
  /** The code of the call. */
  readonly code: RefusalCode;
  readonly cause: unknown;
}

/** The error of a call that the server refused. */
export function createRefusalError({ server, refusals, said, shown, code, cause }: RefusedCall): AuthError {
  const subject = `${server.name} at ${server.place}`;
  const found = refusals.find(({ says }) => says.test(said));
  if (found !== undefined) return new AuthError(found.code ?? code, `${subject} ${found.problem}.`, { hint: found.hint, cause });
  const verb = code === 'store_unreadable' ? 'be read from' : 'be written to';
  return new AuthError(code, `The store cannot ${verb} ${subject}: ${shown}.`, { hint: 'See the log of the server.', cause });
}

/** The host of a URL, without brackets; undefined if it has none. */
export function findHost({ hostname }: URL): string | undefined {
  return decodePart(hostname.replace(/^\[(.*)\]$/, '$1'));
}

/** A host and a port, as messages name them. */
export function formatPlace(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether what is sent to a host stays on this machine. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || classifyAddress(host) === 'loopback';
}

/** A part of a URL as it was before it was encoded. Undefined for an empty one. */
export function decodePart(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AuthError('usage', 'The URL of the store has a % that does not begin an encoded character.', {
      hint: 'Write % in a user name or a password as %25.',
    });
  }
}

/** What the endpoints of an agent share. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Context } from '../context.js';
import type { AgentDescription } from '../agent-protocol/messages.js';
import { protocolVersion } from '../agent-protocol/messages.js';
import { version } from '../version.js';
import type { Gate } from './gate.js';
import type { Questions } from './questions.js';
import type { AgentServers } from './servers.js';
import type { Shares } from './shares.js';

export interface Service {
  /** It has no agents of its own, and renews in this process. */
  readonly context: Context;
  /** The name of this machine. */
  readonly machine: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly servers: AgentServers;
  readonly questions: Questions;
  readonly shares: Shares;
  /** Ends the agent. */
  stop(): void;
}

/** One request, as its endpoint sees it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The variable part of the path, decoded; empty for other paths. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly gate: Gate;
  /** Aborts when the other side has gone, and when the agent stops. */
  readonly signal: AbortSignal;
  /** Accepts the protocol that the other side asks for in place of HTTP. Absent if it asks for none. */
  readonly upgrade?: (() => Duplex) | undefined;
}

export interface Endpoint {
  /** The method and the path, with `NAME` for its variable part; `*` for any method, `UPGRADE` for another protocol. */
  readonly route: string;
  /** Only for the owner's socket. */
  readonly isOwners?: true;
  /** Responds. @throws AuthError, which becomes the response. */
  handle(exchange: Exchange, service: Service): Promise<void>;
}

export function describeAgent({ context, machine }: Service, gate: Gate): AgentDescription {
  return {
    ...{ agent: 'mcp-auth', protocol: protocolVersion, version, machine, socket: gate.kind, lends_tokens: gate.lendsTokens },
    ...(gate.kind === 'owner' && { store: context.store.path }),
  };
}

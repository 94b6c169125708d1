/**
 * A whole agent: the process that renews the logins of one store, and lends or passes on what others need of them. Read this file
 * first; docs/agent.md is the protocol.
 */
import type { Context } from '../context.js';
import { createInterruptedError } from '../errors.js';
import { keepLoginsFresh } from '../session/watch.js';
import { trackRenewals } from '../session/renewals-in-flight.js';
import { ownerGate } from './gate.js';
import { listenOnSocket, type ListeningSocket } from './listen.js';
import { prepareFolder, takeOwnSocket } from './own-socket.js';
import { Questions, type WayToAsk } from './questions.js';
import { AgentServers } from './servers.js';
import type { Service } from './service.js';
import { Shares } from './shares.js';

export interface AgentOptions {
  /** The name of this machine, for the users of others. */
  readonly machine: string;
  /** How the user is asked, besides `mcp-auth agent allow`. */
  readonly waysToAsk: readonly WayToAsk[];
  /** The descriptor of a listening socket that the service manager has opened. */
  readonly activatedSocket?: number | undefined;
  /** Called when it can be used. */
  readonly onListening: (socket: string | undefined) => void;
}

/** Serves until the signal aborts, or the user stops it by a request. @throws AuthError `agent_failed` */
export async function runAgent(options: AgentOptions, given: Context): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([given.signal, stop.signal]);
  // It renews by itself, and must not ask itself.
  given.keyring.actAsAgent();
  const { context, settled } = trackRenewals({ ...given, signal, refresher: undefined, agents: undefined });
  const folder = prepareFolder(context);
  const questions = new Questions(options.waysToAsk, context);
  const shares = new Shares(folder, { context, questions });
  const servers = new AgentServers(context);
  const { machine } = options;
  const end = () => stop.abort(createInterruptedError());
  const service: Service = { context, machine, servers, questions, shares, since: context.clock.now(), stop: end };
  const own = await listenForOwner({ folder, activatedSocket: options.activatedSocket }, service);
  try {
    await shares.restore(service);
    options.onListening(own.socket);
    await keepLoginsFresh([], context);
  } finally {
    await shares.close();
    await own.close();
    await settled();
  }
}

interface OwnSocket extends Pick<ListeningSocket, 'close'> {
  readonly socket: string | undefined;
}

async function listenForOwner(
  { folder, activatedSocket: fd }: { folder: string; activatedSocket: number | undefined },
  service: Service,
): Promise<OwnSocket> {
  if (fd !== undefined) {
    return { ...(await listenOnSocket({ place: { fd }, gate: ownerGate }, service)), socket: undefined };
  }
  const listen = async (socket: string) => ({ ...(await listenOnSocket({ place: { path: socket }, gate: ownerGate }, service)), socket });
  return takeOwnSocket({ folder, listen }, service.context);
}

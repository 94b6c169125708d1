/** Closes connections that no request uses, before the server does: a request that meets a closing connection fails. */
import type { Agent, ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../effects.js';

/** Milliseconds between two looks at the idle connections. */
export const idleCheckInterval = 1_000;
/** A connection is closed at this look after it became idle: after 3 to 4 seconds. Most servers close theirs after five. */
const maxLooks = 4;

/**
 * The same as `timeout` of `node:http`'s Agent, which sets timers for each request: for a message of a bridge, that takes 20 µs of CPU
 * time, of about 335.
 */
export class IdleSockets {
  readonly #clock: Pick<Clock, 'every'>;
  /** The look after which each connection became idle. */
  readonly #idleSince = new Map<Duplex, number>();
  #looks = 0;
  #stop: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'every'>) {
    this.#clock = clock;
  }

  /** Watches the connections of an agent. It must keep them, and have no `timeout` of its own. */
  watch(agent: Agent): void {
    const keepSocketAlive = agent.keepSocketAlive.bind(agent) as (socket: Duplex) => boolean;
    const reuseSocket = agent.reuseSocket.bind(agent);
    Object.assign(agent, {
      keepSocketAlive: (socket: Duplex) => {
        this.#idleSince.set(socket, this.#looks);
        this.#stop ??= this.#clock.every(idleCheckInterval, () => this.#look());
        return keepSocketAlive(socket);
      },
      reuseSocket: (socket: Duplex, request: ClientRequest) => {
        this.#idleSince.delete(socket);
        reuseSocket(socket, request);
      },
    });
  }

  #look(): void {
    this.#looks += 1;
    for (const [socket, since] of this.#idleSince) {
      if (this.#looks - since < maxLooks && !socket.destroyed) continue;
      this.#idleSince.delete(socket);
      socket.destroy();
    }
    if (this.#idleSince.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }
}

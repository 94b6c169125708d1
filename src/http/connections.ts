/** The connections that requests go over: made through a proxy where there is one, and otherwise only to permitted addresses. */
import { lookup as systemLookup } from 'node:dns';
import http, { type Agent } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Clock, Env } from '../context.js';
import { guarded, type Lookup } from './lookup.js';
import { networkOf } from './network.js';
import { leastPrivate, type Network } from './networks.js';
import { proxyFor } from './proxies.js';
import { addressOf, isLoopback } from './url-policy.js';

/** Milliseconds that a connection may take to be made. */
const connectTimeout = 10_000;
/** Milliseconds that a connection is kept for the next request: most servers close one after five seconds. */
const idleTimeout = 4_000;

export interface Connections {
  /** What gives a request its connection, to an address in `reach` at most. Connections of different reach are never shared. */
  agent(url: URL, reach: Network): Promise<Agent>;
  /** The least private network in which a connection to the host was made; undefined without one. */
  networkReached(hostname: string): Network | undefined;
  close(): void;
}

interface ConnectionsOptions {
  readonly env: Env;
  readonly clock: Pick<Clock, 'alarm'>;
  readonly lookup?: Lookup;
}

export function createConnections({ env, clock, lookup = systemLookup }: ConnectionsOptions): Connections {
  const agents = new Map<string, Promise<Agent>>();
  const reached = new Map<string, Network>();

  const watch = (hostname: string, socket: Socket, isSecure: boolean) => {
    const stop = clock.alarm(connectTimeout, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    socket.once('close', stop);
    // By then a server of https has shown its certificate: it is the host's own network that is noted.
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      stop();
      const network = networkOf(socket.remoteAddress ?? '');
      if (network !== undefined) reached.set(hostname, leastPrivate(network, reached.get(hostname) ?? network));
    });
  };

  const direct = (isSecure: boolean, reach: Network): Agent => {
    const options = { keepAlive: true, timeout: idleTimeout, lookup: guarded(lookup, reach) };
    const agent = isSecure ? new https.Agent(options) : new http.Agent(options);
    const connect = agent.createConnection.bind(agent);
    return Object.assign(agent, {
      createConnection: (...[target, callback]: Parameters<typeof connect>) => {
        const socket = connect(target, callback) as Socket;
        watch(target.host ?? '', socket, isSecure);
        return socket;
      },
    });
  };

  return {
    agent: (url, reach) => {
      // This machine is never asked for through a proxy, which would read what is sent to it.
      const proxy = isLoopback(url) ? undefined : proxyFor(url, env);
      const isSecure = url.protocol === 'https:';
      const key = [reach, url.protocol, proxy?.address.href].join(' ');
      const agent = agents.get(key) ?? proxy?.agent(guarded(lookup, reach)) ?? Promise.resolve(direct(isSecure, reach));
      agents.set(key, agent);
      return agent;
    },
    networkReached: (hostname) => reached.get(hostname),
    close: () => {
      for (const agent of agents.values()) agent.then((one) => one.destroy()).catch(() => undefined);
      agents.clear();
    },
  };
}

/** The network of a URL's host by its text, or else where it was reached; `public`, the least, while nothing is known. */
export function networkOfHost(url: URL, connections: Connections): Network {
  const address = addressOf(url);
  return (address === undefined ? connections.networkReached(url.hostname) : networkOf(address)) ?? 'public';
}

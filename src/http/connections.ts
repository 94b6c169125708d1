/** The connections that requests go over: made through a proxy where there is one, and otherwise only to permitted addresses. */
import type { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Env, Network } from '../effects.js';
import { limitLookup, type ConnectionLookup, type DnsLookup } from './lookup.js';
import { classifyAddress } from './address-ranges.js';
import { pickLessPrivate } from './allowed-network.js';
import { findProxy, type Proxy } from './proxies.js';
import { findIpAddress, isLoopbackUrl } from './url-policy.js';

/** Milliseconds that a connection may take to be made. */
const connectTimeout = 10_000;
/** Milliseconds that a connection is kept for the next request: most servers close one after five seconds. */
const idleTimeout = 4_000;

type NodeHttp = Pick<typeof import('node:http'), 'Agent' | 'request'>;

export interface Route {
  readonly agent: Agent;
  /** Node's own, for http or for https. */
  readonly request: typeof request;
}

export interface Connections {
  /** How a request gets to addresses in `reach` at most. Connections of different reach are never shared. */
  route(url: URL, reach: Network): Promise<Route>;
  /** The least private network in which a connection to the host was made; undefined without one. */
  networkReached(hostname: string): Network | undefined;
  close(): void;
}

interface ConnectionsOptions {
  readonly env: Env;
  readonly clock: Pick<Clock, 'alarm'>;
  readonly lookup?: DnsLookup;
}

/** Connections that are made when they are first wanted, and kept for the next request. */
export function createConnections({ env, clock, lookup }: ConnectionsOptions): Connections {
  const routes = new Map<string, Promise<Route>>();
  const reached = new Map<string, Network>();

  const watch = (hostname: string, socket: Socket, isSecure: boolean) => {
    const stop = clock.alarm(connectTimeout, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    socket.once('close', stop);
    // By then a server of https has shown its certificate: it is the host's own network that is noted.
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      stop();
      const network = classifyAddress(socket.remoteAddress ?? '');
      if (network !== undefined) reached.set(hostname, pickLessPrivate(network, reached.get(hostname) ?? network));
    });
  };

  const direct = ({ Agent: AgentOf }: NodeHttp, { isSecure, look }: { isSecure: boolean; look: ConnectionLookup }): Agent => {
    const agent = new AgentOf({ keepAlive: true, timeout: idleTimeout, lookup: look });
    const connect = agent.createConnection.bind(agent);
    return Object.assign(agent, {
      createConnection: (...[target, callback]: Parameters<typeof connect>) => {
        const socket = connect(target, callback) as Socket;
        watch(target.host ?? '', socket, isSecure);
        return socket;
      },
    });
  };

  const made = async ({ isSecure, reach, proxy }: { isSecure: boolean; reach: Network; proxy: Proxy | undefined }): Promise<Route> => {
    // A command that asks nobody need not load them.
    const [node, dns] = await Promise.all([isSecure ? import('node:https') : import('node:http'), import('node:dns')]);
    const look = limitLookup(lookup ?? dns.lookup, reach);
    return { request: node.request, agent: proxy ? await proxy.createAgent(look) : direct(node, { isSecure, look }) };
  };

  return {
    route: (url, reach) => {
      // This machine is never asked for through a proxy, which would read what is sent to it.
      const proxy = isLoopbackUrl(url) ? undefined : findProxy(url, env);
      const isSecure = url.protocol === 'https:';
      const key = [reach, url.protocol, proxy?.address.href].join(' ');
      const route = routes.get(key) ?? made({ isSecure, reach, proxy });
      routes.set(key, route);
      return route;
    },
    networkReached: (hostname) => reached.get(hostname),
    close: () => {
      for (const route of routes.values()) route.then(({ agent }) => agent.destroy()).catch(() => undefined);
      routes.clear();
    },
  };
}

/** The network of a URL's host by its text, or else where it was reached; `public`, the least, while nothing is known. */
export function findNetworkOfHost(url: URL, connections: Connections): Network {
  const address = findIpAddress(url);
  return (address === undefined ? connections.networkReached(url.hostname) : classifyAddress(address)) ?? 'public';
}

/** Connections: through a proxy if the environment names one, and otherwise only to permitted addresses. */
import type { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Env, Network } from '../effects.js';
import { classifyAddress } from './address-ranges.js';
import { pickLessPrivate } from './allowed-network.js';
import { IdleSockets } from './idle-sockets.js';
import { limitLookup, type ConnectionLookup, type DnsLookup } from './lookup.js';
import { findProxy, type Proxy } from './proxies.js';
import { findIpAddress, isLoopbackUrl } from './url-policy.js';

/** Milliseconds to establish a connection. */
const connectTimeout = 10_000;

type NodeHttp = Pick<typeof import('node:http'), 'Agent' | 'request'>;

export interface Route {
  readonly agent: Agent;
  /** Node's own, for http or for https. */
  readonly request: typeof request;
}

interface RouteOptions {
  readonly isSecure: boolean;
  readonly allowedNetwork: Network;
  readonly proxy: Proxy | undefined;
}

/** The connections of one program: opened when they are first needed, and kept for the next request. */
export class Connections {
  readonly #env: Env;
  readonly #clock: Pick<Clock, 'alarm'>;
  readonly #idle: IdleSockets;
  readonly #lookup: DnsLookup | undefined;
  /** By allowed network, scheme and proxy. */
  readonly #routes = new Map<string, Promise<Route>>();
  /** By host name: the least private network in which a connection to it was established. */
  readonly #networks = new Map<string, Network>();

  constructor({ env, clock, lookup }: { env: Env; clock: Pick<Clock, 'alarm' | 'every'>; lookup: DnsLookup | undefined }) {
    this.#env = env;
    this.#clock = clock;
    this.#idle = new IdleSockets(clock);
    this.#lookup = lookup;
  }

  /** How a request gets to a server in `allowedNetwork` or a less private one. Two allowed networks never share a connection. */
  findRoute(url: URL, allowedNetwork: Network): Promise<Route> {
    // Requests to this machine never go through a proxy, which could read them.
    const proxy = isLoopbackUrl(url) ? undefined : findProxy(url, this.#env);
    const isSecure = url.protocol === 'https:';
    const key = [allowedNetwork, url.protocol, proxy?.address.href].join(' ');
    const route = this.#routes.get(key) ?? this.#createRoute({ isSecure, allowedNetwork, proxy });
    this.#routes.set(key, route);
    return route;
  }

  /** The network of a URL's host: of its IP address, or else in which it was reached; `public` while that is not known. */
  networkOf(url: URL): Network {
    const address = findIpAddress(url);
    return (address === undefined ? this.#networks.get(url.hostname) : classifyAddress(address)) ?? 'public';
  }

  close(): void {
    for (const route of this.#routes.values()) route.then(({ agent }) => agent.destroy()).catch(() => undefined);
    this.#routes.clear();
  }

  async #createRoute({ isSecure, allowedNetwork, proxy }: RouteOptions): Promise<Route> {
    // Imported here, because commands without requests do not need them.
    const [node, dns] = await Promise.all([isSecure ? import('node:https') : import('node:http'), import('node:dns')]);
    const lookup = limitLookup(this.#lookup ?? dns.lookup, allowedNetwork);
    const agent = proxy ? await proxy.createAgent(lookup) : this.#createDirectAgent(node, { isSecure, lookup });
    return { request: node.request, agent };
  }

  #createDirectAgent(node: NodeHttp, { isSecure, lookup }: { isSecure: boolean; lookup: ConnectionLookup }): Agent {
    const agent = new node.Agent({ keepAlive: true, lookup });
    this.#idle.watch(agent);
    const connect = agent.createConnection.bind(agent);
    return Object.assign(agent, {
      createConnection: (...[target, callback]: Parameters<typeof connect>) => {
        const socket = connect(target, callback) as Socket;
        this.#watchConnect(socket, { hostname: target.host ?? '', isSecure });
        return socket;
      },
    });
  }

  /** Ends a connection that takes too long to establish, and remembers the network of its server. */
  #watchConnect(socket: Socket, { hostname, isSecure }: { hostname: string; isSecure: boolean }): void {
    const timeout = () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' }));
    const stopTimer = this.#clock.alarm(connectTimeout, timeout);
    socket.once('close', stopTimer);
    // An https server has shown its certificate by `secureConnect`: only then is this known to be the host's own network.
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      stopTimer();
      const network = classifyAddress(socket.remoteAddress ?? '');
      if (network !== undefined) this.#networks.set(hostname, pickLessPrivate(network, this.#networks.get(hostname) ?? network));
    });
  }
}

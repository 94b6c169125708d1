/** The connections that requests go over: made through a proxy where there is one, and otherwise only to permitted addresses. */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { Socket } from 'node:net';
import type { Dispatcher, Pool as UndiciPool } from 'undici';
import type { Env } from '../context.js';
import { networkOf } from './network.js';
import { leastPrivate, type Network } from './networks.js';
import { addressOf, checkAddress, isLoopback } from './url-policy.js';

/** Asks the name service for all addresses of a name, as Node's `dns.lookup` does. */
export type Lookup = (hostname: string, options: LookupOptions & { all: true }, callback: LookupCallback) => void;
type LookupCallback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

/** Milliseconds that a connection may take to be made. */
const connectTimeout = 10_000;

export interface Connections {
  /** What sends a request to addresses in `reach` at most. Connections of different reach are never shared. */
  dispatcher(url: URL, reach: Network): Promise<Dispatcher>;
  /** The least private network in which a connection to the host was made; undefined without one. */
  networkReached(hostname: string): Network | undefined;
  close(): Promise<void>;
}

export function createConnections({ env, lookup = systemLookup }: { env: Env; lookup?: Lookup }): Connections {
  const dispatchers = new Map<string, Dispatcher>();
  const reached = new Map<string, Network>();

  const note = (hostname: string, address: string | undefined) => {
    const network = networkOf(address ?? '');
    if (network !== undefined) reached.set(hostname, leastPrivate(network, reached.get(hostname) ?? network));
  };

  return {
    dispatcher: async (url, reach) => {
      // undici takes long to load, and a fresh token never needs it.
      const { Agent, buildConnector, EnvHttpProxyAgent, Pool } = await import('undici');
      // This machine is never asked for through a proxy, which would read what is sent to it.
      const key = `${reach} ${isLoopback(url) ? 'here' : 'elsewhere'}`;
      const known = dispatchers.get(key);
      if (known) return known;
      const connect = buildConnector({ timeout: connectTimeout, lookup: guarded(lookup, reach) });
      const options = {
        connect: ((target, callback) =>
          connect(target, (...[error, socket]: [Error, null] | [null, Socket]) => {
            // By now a server of https has shown its certificate: it is the host's own network that is noted.
            if (socket) note(target.hostname, socket.remoteAddress);
            callback(...([error, socket] as [Error, null]));
          })) as typeof connect,
        headersTimeout: 0,
        bodyTimeout: 0,
      };
      const dispatcher = isLoopback(url)
        ? new Agent(options)
        : new EnvHttpProxyAgent({ ...proxies(env), ...options, clientFactory: proxyClient(Pool) });
      dispatchers.set(key, dispatcher);
      return dispatcher;
    },
    networkReached: (hostname) => reached.get(hostname),
    close: async () => {
      const open = [...dispatchers.values()];
      dispatchers.clear();
      await Promise.all(open.map((one) => one.destroy()));
    },
  };
}

/**
 * A lookup that gives only addresses that may be connected to, so that it does not help a name to change what it leads to
 * after it has been checked. `localhost` is this machine, whatever the name service says.
 *
 * @throws AuthError `address_refused`, to its callback, where none is left.
 */
function guarded(lookup: Lookup, reach: Network) {
  return (
    hostname: string,
    options: LookupOptions,
    callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const isHere = hostname === 'localhost';
      const refusals: unknown[] = [];
      const allowed = addresses.filter(({ address }) => {
        if (isHere) return networkOf(address) === 'loopback';
        try {
          checkAddress(address, { what: hostname, reach });
          return true;
        } catch (refusal) {
          refusals.push(refusal);
          return false;
        }
      });
      const [first] = allowed;
      if (first === undefined) callback((refusals[0] as Error | undefined) ?? notFound(hostname), []);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
}

/**
 * What tunnels are asked for of a proxy by. undici dials one that closes again at once and without end, on this one code of
 * an error, which it is therefore not told.
 */
function proxyClient(Pool: typeof UndiciPool) {
  return (origin: URL, options: object): UndiciPool => {
    const pool = new Pool(origin, options);
    const tunnel = pool.connect.bind(pool) as (request: object) => Promise<unknown>;
    const connect = (request: object) =>
      tunnel(request).catch((error: unknown) => {
        const isClosed = (error as NodeJS.ErrnoException).code === 'UND_ERR_SOCKET';
        throw isClosed ? Object.assign(new Error('the proxy closed the connection'), { code: 'PROXY_CLOSED' }) : error;
      });
    return Object.assign(pool, { connect });
  };
}

/** The same names curl reads. */
function proxies({ variables }: Env) {
  const read = (name: string) => variables[name.toLowerCase()] ?? variables[name] ?? '';
  return {
    httpProxy: read('HTTP_PROXY'),
    httpsProxy: read('HTTPS_PROXY') || read('ALL_PROXY'),
    noProxy: read('NO_PROXY'),
  };
}

/** The network of a URL's host by its text, or else where it was reached; `public`, the least, while nothing is known. */
export function networkOfHost(url: URL, connections: Connections): Network {
  const address = addressOf(url);
  return (address === undefined ? connections.networkReached(url.hostname) : networkOf(address)) ?? 'public';
}

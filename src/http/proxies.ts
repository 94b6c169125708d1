/** Proxies, by the names that curl reads. */
import type { Agent, ClientRequest } from 'node:http';
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { isProxyExempt } from './no-proxy.js';
import type { ConnectionLookup } from './lookup.js';
import { toProxyError, createProxyRefusal } from './network-errors.js';
import { parseProxyAddress, type ProxyAddress } from './proxy-address.js';

interface ProxyKind {
  readonly protocols: readonly string[];
  /** Its package is loaded only where there is such a proxy. */
  readonly load: (proxy: ProxyAddress, lookup: ConnectionLookup) => Promise<ProxyAgent>;
}

/** An agent that goes through a proxy, as `agent-base` has it. */
interface ProxyAgent extends Agent {
  connect(request: ClientRequest, options: { host?: string | null }): Promise<unknown>;
}

const kinds: readonly ProxyKind[] = [
  {
    protocols: ['http:', 'https:'],
    load: async ({ address: proxy, credentials }) => {
      const { HttpsProxyAgent } = await import('https-proxy-agent');
      // The agent would decode them once more, and shows the address that it is given with DEBUG.
      const basic = credentials && Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
      const headers = basic === undefined ? {} : { 'Proxy-Authorization': `Basic ${basic}` };
      // What a proxy says itself is no answer of the server, which its agent would take it for.
      return new HttpsProxyAgent(proxy, { keepAlive: true, headers }).on(
        'proxyConnect',
        ({ statusCode }: { statusCode: number }, request) => {
          if (statusCode !== 200) (request as ClientRequest).destroy(createProxyRefusal(proxy, statusCode));
        },
      );
    },
  },
  {
    protocols: ['socks:', 'socks4:', 'socks4a:', 'socks5:', 'socks5h:'],
    load: async ({ address, credentials }, lookup) => {
      const { SocksProxyAgent } = await import('socks-proxy-agent');
      // It takes them from the address alone, and decodes them there.
      const whole = new URL(address);
      whole.username = encodeURIComponent(credentials?.user ?? '');
      whole.password = encodeURIComponent(credentials?.password ?? '');
      const agent = new SocksProxyAgent(whole, { keepAlive: true, lookup });
      // It would ask the name service for an IPv6 address in its brackets.
      agent.proxy.host = address.hostname.replace(/^\[|\]$/g, '');
      return agent;
    },
  },
];

export interface Proxy {
  /** Without its credentials. */
  readonly address: URL;
  /** What takes requests through it, with the names in their addresses looked up by `lookup` or by the proxy. */
  createAgent(lookup: ConnectionLookup): Promise<Agent>;
}

/** The proxy that a request to `url`, which is another machine's and therefore https, goes through. */
export function findProxy(url: URL, { variables }: Env): Proxy | undefined {
  const read = (...names: string[]) => names.flatMap((name) => [variables[name.toLowerCase()], variables[name]]).find(Boolean) ?? '';
  const named = read('HTTPS_PROXY', 'ALL_PROXY');
  if (named === '' || isProxyExempt(url, read('NO_PROXY'))) return undefined;
  const proxy = parseProxyAddress(named);
  const kind = kinds.find(({ protocols }) => protocols.includes(proxy?.address.protocol ?? ''));
  if (proxy && kind) {
    const { address } = proxy;
    return { address, createAgent: async (lookup) => tellingOf(address, await kind.load(proxy, lookup)) };
  }
  // It may hold a password, so it is not quoted.
  throw new AuthError('network_error', 'The proxy that the environment names cannot be used.', {
    hint: `HTTPS_PROXY and ALL_PROXY take an address with ${kinds.flatMap(({ protocols }) => protocols).join('//, ')}//.`,
  });
}

/** What the proxies of the environment want to hear first, which is not to be told. */
export function listProxyCredentials({ variables }: Env): string[] {
  const named = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].flatMap((name) => [variables[name], variables[name.toLowerCase()]]);
  return named.flatMap((text) => {
    const { user, password } = parseProxyAddress(text ?? '')?.credentials ?? {};
    return [user, password].filter((one) => one !== undefined);
  });
}

/** The agent, with the proxy named as the reason for what does not get to it, or not through it. */
function tellingOf(proxy: URL, agent: ProxyAgent): Agent {
  const connect = agent.connect.bind(agent);
  return Object.assign(agent, {
    connect: (...[request, options]: Parameters<typeof connect>) =>
      connect(request, options).catch((error: unknown) => {
        throw toProxyError(error, { host: options.host ?? '', proxy });
      }),
  });
}

/** Proxies, from the environment variables that curl reads. */
import type { Agent, ClientRequest } from 'node:http';
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { isProxyExempt } from './no-proxy.js';
import type { ConnectionLookup } from './lookup.js';
import { toProxyError, createProxyRefusal } from './network-errors.js';
import { parseProxyAddress, type ProxyAddress } from './proxy-address.js';

interface ProxyKind {
  readonly protocols: readonly string[];
  /** Loads the package for it only when such a proxy is used. */
  readonly load: (proxy: ProxyAddress, lookup: ConnectionLookup) => Promise<ProxyAgent>;
}

/** An agent that connects through a proxy, as `agent-base` defines it. */
interface ProxyAgent extends Agent {
  connect(request: ClientRequest, options: { host?: string | null }): Promise<unknown>;
}

const kinds: readonly ProxyKind[] = [
  {
    protocols: ['http:', 'https:'],
    load: async ({ address: proxy, credentials }) => {
      const { HttpsProxyAgent } = await import('https-proxy-agent');
      // Not in the URL: the agent would decode them again, and prints its URL if DEBUG is set.
      const basic = credentials && Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
      const headers = basic === undefined ? {} : { 'Proxy-Authorization': `Basic ${basic}` };
      // The agent would pass the proxy's own error on as the server's response.
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
      // This agent takes credentials only from its URL, where it decodes them.
      const withCredentials = new URL(address);
      withCredentials.username = encodeURIComponent(credentials?.user ?? '');
      withCredentials.password = encodeURIComponent(credentials?.password ?? '');
      const agent = new SocksProxyAgent(withCredentials, { keepAlive: true, lookup });
      // It would look an IPv6 address with brackets up in DNS.
      agent.proxy.host = address.hostname.replace(/^\[|\]$/g, '');
      return agent;
    },
  },
];

export interface Proxy {
  /** Without its credentials. */
  readonly address: URL;
  /** An agent for requests through the proxy. Host names are looked up by `lookup` or by the proxy, as its scheme says. */
  createAgent(lookup: ConnectionLookup): Promise<Agent>;
}

/**
 * The proxy for a request to another machine, which is always https; undefined if there is none.
 *
 * @throws AuthError `network_error` if the environment names a proxy that is not usable.
 */
export function findProxy(url: URL, { variables }: Env): Proxy | undefined {
  const readVariable = (...names: string[]) =>
    names.flatMap((name) => [variables[name.toLowerCase()], variables[name]]).find(Boolean) ?? '';
  const value = readVariable('HTTPS_PROXY', 'ALL_PROXY');
  if (value === '' || isProxyExempt(url, readVariable('NO_PROXY'))) return undefined;
  const proxy = parseProxyAddress(value);
  const kind = kinds.find(({ protocols }) => protocols.includes(proxy?.address.protocol ?? ''));
  if (proxy && kind) {
    const { address } = proxy;
    return { address, createAgent: async (lookup) => nameProxyInErrors(address, await kind.load(proxy, lookup)) };
  }
  // Not quoted, because it may contain a password.
  throw new AuthError('network_error', 'The proxy in HTTPS_PROXY or ALL_PROXY is not usable.', {
    hint: `HTTPS_PROXY and ALL_PROXY take a URL that begins with ${kinds.flatMap(({ protocols }) => protocols).join('//, ')}//.`,
  });
}

/** The user names and passwords in the proxy variables, which must not be printed. */
export function listProxyCredentials({ variables }: Env): string[] {
  const values = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].flatMap((name) => [variables[name], variables[name.toLowerCase()]]);
  return values.flatMap((text) => {
    const { user, password } = parseProxyAddress(text ?? '')?.credentials ?? {};
    return [user, password].filter((one) => one !== undefined);
  });
}

/** Makes an agent's connection errors name the proxy. */
function nameProxyInErrors(proxy: URL, agent: ProxyAgent): Agent {
  const connect = agent.connect.bind(agent);
  return Object.assign(agent, {
    connect: (...[request, options]: Parameters<typeof connect>) =>
      connect(request, options).catch((error: unknown) => {
        throw toProxyError(error, { host: options.host ?? '', proxy });
      }),
  });
}

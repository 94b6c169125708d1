import { AuthError } from '../errors.js';
import { parsePublicUrl } from '../relay/public-url.js';
import { serveRelay } from '../relay/serve.js';
import { expandVariables } from '../store/variables.js';
import type { Command, CommandOption } from './command.js';

const defaultAddress = '127.0.0.1:8080';

const options = [
  { flags: '--listen <address>', help: `address and port to listen on, for plain http (default: ${defaultAddress})`, parse: parseAddress },
  { flags: '--public-url <url>', help: 'address under which browsers and terminals reach it: https, without a path' },
  {
    flags: '--redis <url>',
    help: 'Redis server that keeps the open logins, for several relays behind one address; ${VAR} is expanded (default: memory)',
  },
  { flags: '--trust-proxy', help: 'take the address of a client, for limits, from the last entry of X-Forwarded-For' },
] as const satisfies readonly CommandOption[];

export const relay: Command<typeof options> = {
  description:
    'Run the web service that authorization responses of other machines come back to, so that a user approves on any device and has nothing to paste. It keeps no login and cannot read what it passes on: see docs/relay.md.',
  arguments: [],
  options,
  examples: [
    'relay --public-url https://auth.example.com',
    'relay --listen 0.0.0.0:8080 --public-url https://auth.example.com --redis redis://redis:6379 --trust-proxy',
  ],
  run: async ({ options: { listen = parseAddress(defaultAddress), publicUrl: url, redis, trustProxy = false } }, context) => {
    if (url === undefined) {
      throw new AuthError('usage', 'relay needs its public address.', { hint: 'For example: --public-url https://auth.example.com' });
    }
    const publicUrl = parsePublicUrl(url);
    const { clock, signal, ui } = context;
    const redisUrl = redis === undefined ? undefined : parseRedisUrl(redis, context.env);
    await serveRelay({
      ...{ ...listen, publicUrl, redisUrl, trustsProxy: trustProxy, clock, signal },
      log: (line) => ui.say(line),
      listening: (port) => ui.say(`The relay ${publicUrl.origin} listens on port ${port}.`),
    });
  },
};

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** @throws AuthError `usage` */
function parseAddress(text: string): ListenAddress {
  const [, ipv6, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = ipv6 ?? name;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new AuthError('usage', '--listen takes an address and a port.', { hint: `For example: --listen ${defaultAddress}` });
}

/** Its password is not printed. @throws AuthError `usage`, `variable_unset` */
function parseRedisUrl(text: string, env: Parameters<typeof expandVariables>[1]): string {
  const expanded = expandVariables(text, env, 'The address of Redis');
  const url = URL.canParse(expanded) ? new URL(expanded) : undefined;
  if (url?.protocol !== 'redis:' && url?.protocol !== 'rediss:') {
    throw new AuthError('usage', '--redis takes an address.', { hint: 'For example: --redis redis://127.0.0.1:6379' });
  }
  if (url.password !== '') env.secrets?.add(decodeURIComponent(url.password));
  return expanded;
}

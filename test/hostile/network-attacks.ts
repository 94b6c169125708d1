/**
 * Attacks that need a network: host names that resolve to forbidden addresses or change their addresses, and redirects there.
 * They run in a network namespace (network-inside.ts) whose only interface has all of these addresses.
 */
import { metadata } from '../helpers/fake-server.js';

/** Addresses of a server with a certificate for every name below `example`. */
export const addresses = { public: '203.0.113.5', corporate: '10.1.2.4' };
/** Addresses with only a tripwire, on the ports 80 and 443. */
export const forbidden = ['127.0.0.1', '10.1.2.3', '169.254.169.254', '192.168.7.7', 'fd12:3456::1'];

/** The addresses of each host name, for each look-up in turn; the last stays. */
export type Names = Readonly<Record<string, readonly (readonly string[])[]>>;

/** A response of a server. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

export interface NetworkAttack {
  readonly source: string;
  readonly attack: string;
  readonly names?: Names;
  /** By host and path, in place of those of a friendly server. */
  readonly answers?: Readonly<Record<string, Answer>>;
  /** Command lines, one after the other. All but the last must succeed. */
  readonly commands?: readonly (string | readonly string[])[];
  /** What is changed before the last command. */
  readonly then?: { readonly names?: Names; readonly answers?: Readonly<Record<string, Answer>> };
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: number;
  readonly says: RegExp;
}

const login = 'login https://mcp.example/mcp --no-browser --flow device --name victim --no-verify';
const named = (authorizationServer: string): Record<string, Answer> => ({
  'mcp.example/prm': { json: { resource: 'https://mcp.example/mcp', authorization_servers: [authorizationServer] } },
});
const endpoint = (name: string, url: string): Record<string, Answer> => ({
  'auth.example/.well-known/oauth-authorization-server': { json: metadata('https://auth.example', { [name]: url }) },
});
const refused = /resolves to [\d.:a-f]+, a (private|loopback) address, but the MCP server that named it is not (private|on this machine)/;
const never = /resolves to 169\.254\.169\.254, which mcp-auth never connects to/;
const expiring = {
  'auth.example/token': { json: { access_token: 'SECRET-access', token_type: 'Bearer', expires_in: 1, refresh_token: 'SECRET-refresh' } },
};

export const networkAttacks: readonly NetworkAttack[] = [
  {
    source: 'not an attack',
    attack: 'a public server, and a public authorization server',
    exit: 0,
    says: /Logged in to victim/,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the authorization server’s name leads into a private network',
    names: { 'auth.example': [['10.1.2.3']] },
    exit: 1,
    says: refused,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the authorization server’s name leads to this machine',
    names: { 'auth.example': [['127.0.0.1']] },
    exit: 1,
    says: refused,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the authorization server’s name leads to a cloud’s metadata service',
    names: { 'auth.example': [['169.254.169.254']] },
    exit: 1,
    says: never,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the authorization server’s name leads into a private network of IPv6',
    names: { 'auth.example': [['fd12:3456::1']] },
    exit: 1,
    says: refused,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'of the name’s addresses one is private, and the public one does not answer',
    names: { 'auth.example': [['203.0.113.99', '10.1.2.3']] },
    exit: 6,
    says: /auth\.example could not be reached/,
  },
  ...(['token_endpoint', 'device_authorization_endpoint'] as const).map((name) => ({
    source: 'RFC 9728 section 7.7',
    attack: `rebinding: the name of the ${name} is public for the metadata, and private for the secret`,
    names: { 'auth.example': [[addresses.public], ['10.1.2.3']] },
    answers: { 'auth.example/register': { status: 201, json: { client_id: 'c' } } },
    exit: 1,
    says: refused,
  })),
  ...(
    [
      ['token_endpoint', 'https://10.1.2.3/token'],
      ['token_endpoint', 'https://[::ffff:10.1.2.3]/token'],
      ['token_endpoint', 'https://192.168.7.7/token'],
      ['token_endpoint', 'http://127.0.0.1/token'],
      ['token_endpoint', 'http://localhost/token'],
      ['token_endpoint', 'https://0x7f.1/token'],
      ['authorization_endpoint', 'https://192.168.7.7/reboot'],
    ] as const
  ).map(([name, url]) => ({
    source: 'RFC 9728 section 7.7',
    attack: `the ${name} is ${url}`,
    answers: endpoint(name, url),
    exit: 1,
    says: refused,
  })),
  {
    source: 'RFC 7591 section 3',
    attack: 'the registration endpoint’s name leads to a cloud’s metadata service',
    names: { 'metadata.auth.example': [['169.254.169.254']] },
    answers: endpoint('registration_endpoint', 'https://metadata.auth.example/register'),
    exit: 1,
    says: never,
  },
  {
    source: 'RFC 8628 section 3.2',
    attack: 'the verification URI is in a private network',
    answers: {
      'auth.example/device': {
        json: { device_code: 'SECRET-device', user_code: 'WDJB', verification_uri: 'https://192.168.7.7/reboot', expires_in: 60 },
      },
    },
    exit: 1,
    says: refused,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the challenge points at this machine',
    answers: { 'mcp.example/mcp': { status: 401, headers: { 'www-authenticate': 'Bearer resource_metadata="http://127.0.0.1/prm"' } } },
    exit: 1,
    says: refused,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the metadata redirects to a name in a private network',
    names: { 'inside.example': [['192.168.7.7']] },
    answers: {
      'mcp.example/prm': { status: 302, headers: { location: 'https://inside.example/prm' } },
      'mcp.example/.well-known/oauth-protected-resource/mcp': { status: 404 },
    },
    exit: 1,
    says: refused,
  },
  {
    source: 'MCP 2025-11-25 Communication Security',
    attack: 'the metadata redirects to plain http',
    answers: { 'mcp.example/prm': { status: 302, headers: { location: 'http://mcp.example/prm' } } },
    exit: 0,
    says: /Logged in to victim/,
  },
  {
    source: 'not an attack',
    attack: 'a private server may have a private authorization server',
    names: { 'mcp.example': [[addresses.corporate]], 'auth.example': [[addresses.corporate]] },
    exit: 0,
    says: /Logged in to victim/,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'a private server names this machine',
    names: { 'mcp.example': [[addresses.corporate]], 'auth.example': [['127.0.0.1']] },
    exit: 1,
    says: refused,
  },
  {
    source: 'not an attack',
    attack: 'a public server with a private authorization server, and --allow-private-network, now and when it is renewed',
    names: { 'auth.example': [[addresses.corporate]] },
    answers: expiring,
    commands: [`${login} --allow-private-network`, 'refresh victim'],
    exit: 0,
    says: /victim/,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'after the login, the authorization server’s name leads into a private network',
    answers: expiring,
    commands: [login, 'refresh victim'],
    then: { names: { 'auth.example': [['10.1.2.3']] } },
    exit: 1,
    says: refused,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: '--allow-private-network does not allow a cloud’s metadata service',
    names: { 'auth.example': [['169.254.169.254']] },
    commands: [`${login} --allow-private-network`],
    exit: 1,
    says: never,
  },
  {
    source: 'RFC 6761 section 6.3',
    attack: 'the name service says that localhost is somewhere else, where plain http could be read',
    names: { localhost: [['10.1.2.3']] },
    commands: ['login http://localhost/mcp --no-browser --name victim'],
    exit: 6,
    says: /localhost could not be reached: host not found/,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'a --challenge from elsewhere points into a private network: no request goes there',
    names: { 'inside.example': [['192.168.7.7']] },
    commands: [[...login.split(' '), '--challenge', 'Bearer resource_metadata="https://inside.example/prm"']],
    exit: 0,
    says: /Logged in to victim/,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'behind a proxy, which looks names up, an address that is written out',
    env: { HTTPS_PROXY: `http://${addresses.public}:3128` },
    answers: endpoint('token_endpoint', 'https://10.1.2.3/token'),
    exit: 1,
    says: refused,
  },
  {
    source: 'RFC 9110 section 9.3.6',
    attack: 'a proxy that closes every connection',
    env: { HTTPS_PROXY: `http://${addresses.public}:3129` },
    exit: 6,
    says: /mcp\.example could not be reached through the proxy .*: connection closed/,
  },
];

/** The default host names. */
export const usualNames: Names = { 'mcp.example': [[addresses.public]], 'auth.example': [[addresses.public]] };

/** A friendly server: an MCP server that requires a token, and its authorization server. */
export const usualAnswers: Readonly<Record<string, Answer>> = {
  'mcp.example/mcp': { status: 401, headers: { 'www-authenticate': 'Bearer resource_metadata="https://mcp.example/prm"' } },
  ...named('https://auth.example'),
  ...{ 'mcp.example/.well-known/oauth-protected-resource/mcp': named('https://auth.example')['mcp.example/prm'] ?? {} },
  'auth.example/.well-known/oauth-authorization-server': { json: metadata('https://auth.example') },
  'auth.example/register': { status: 201, json: { client_id: 'client-1' } },
  'auth.example/device': {
    json: {
      device_code: 'SECRET-device',
      user_code: 'WDJB-MJHT',
      verification_uri: 'https://auth.example/activate',
      expires_in: 600,
      interval: 1,
    },
  },
  'auth.example/token': {
    json: { access_token: 'SECRET-access', token_type: 'Bearer', expires_in: 3600, refresh_token: 'SECRET-refresh' },
  },
};

export { login as usualCommand };

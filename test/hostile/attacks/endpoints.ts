/** Endpoints of another authorization server than the one that the client or the tokens are for. */
import type { Exchange } from '../../helpers/fake-server.js';
import { secrets, withMetadata, type Places } from '../attacking-server.js';
import { type Attack, byPaste, expired, imported, pastesCode, unverified } from './attack.js';

/** The same machine by another name, which is another origin: an authorization server that is not the MCP server itself. */
const byName = (origin: string) => origin.replace('127.0.0.1', 'localhost');
const namesByName = ({ origin }: Places): Exchange[] => [
  { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [byName(origin)] } } },
  withMetadata(byName(origin), {}),
];
/** The user presses Enter at the first question. */
const pressesEnter: NonNullable<Attack['act']> = async (login) => {
  await login.shown(/(No: stop here)/);
  login.type('\r');
};
/** A login of an issuer's own client, with a secret, and with endpoints of another server: as an older version imported it. */
const foreignEndpoints = (at: Places) =>
  expired({ token_endpoint: `${at.tripwire}/token`, revocation_endpoint: `${at.tripwire}/revoke` })(at);
/** A login of another MCP server, by a client of the authorization server that the attacked one names. */
const othersClient =
  (client: Record<string, unknown> = {}) =>
  ({ origin }: Places) => ({
    mcpServers: {
      other: { url: 'https://other.example/mcp', auth: { type: 'bearer', token: 'SECRET-x', issuer: origin, client_id: 'shared' } },
    },
    oauthClients: {
      [origin]: [
        {
          client_id: 'shared',
          redirect_uris: ['http://127.0.0.1:3118/callback'],
          token_endpoint_auth_method: 'none',
          obtained_by: 'dynamic_registration',
          ...client,
        },
      ],
    },
  });
const mixedUp = 'RFC 9700 section 4.4';

/** What an authorization server may name, and what it is shown. */
export const endpoints: Attack[] = [
  ...['paste', 'browser'].map((flow) => ({
    source: mixedUp,
    attack: `the page to approve on is another authorization server’s, and the code would go to this one, by ${flow}`,
    change: ({ origin, tripwire }: Places) => [withMetadata(origin, { authorization_endpoint: `${tripwire}/authorize` })],
    command: `login URL --flow ${flow} --name victim --no-verify`,
    env: { DISPLAY: ':0' },
    exit: 1,
    says: /has its authorization_endpoint at 127\.0\.0\.1:\d+, which is another site\. Nothing was sent there/,
    never: ['POST /register', 'POST /token'],
  })),
  {
    source: mixedUp,
    attack: 'the same at a terminal, where the person presses Enter at the question',
    change: ({ origin, tripwire }) => [withMetadata(origin, { authorization_endpoint: `${tripwire}/authorize` })],
    command: byPaste,
    atTerminal: true,
    act: pressesEnter,
    exit: 1,
    says: /this\s+is\s+an\s+attack:\s+127\.0\.0\.1:\d+\s+would\s+receive\s+what\s+you\s+approve\s+there/,
    never: ['POST /register', 'POST /token'],
  },
  ...['token', 'device_authorization', 'pushed_authorization_request', 'registration', 'revocation'].map((name) => ({
    source: mixedUp,
    attack: `the ${name}_endpoint is on another site than its issuer`,
    change: ({ origin, tripwire }: Places) => [withMetadata(origin, { [`${name}_endpoint`]: `${tripwire}/x` })],
    exit: 1,
    says: new RegExp(`has its ${name}_endpoint at .*which is another site`),
    never: ['POST /register', 'POST /token', 'POST /device'],
  })),
  {
    source: mixedUp,
    attack: 'the same with two servers below a public suffix',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 'https://phish.github.io/authorize' })],
    command: `${byPaste} --trust-endpoints bank.github.io`,
    exit: 1,
    says: /has its authorization_endpoint at phish\.github\.io/,
    never: ['POST /register'],
  },
  ...['refresh victim', 'refresh --all', 'logout victim'].map((command) => ({
    source: 'CWE-522',
    attack: `${command}: a login says its client’s issuer, and endpoints of its own for the secret`,
    store: foreignEndpoints,
    command,
    exit: 0,
    changesStore: true,
    says: /victim/,
  })),
  {
    source: 'CWE-73',
    attack: 'an imported login’s client proves itself with a key of this machine',
    command: 'import',
    stdin: (at) =>
      JSON.stringify({
        ...(JSON.parse(imported({ issuer: 'https://evil.example', client_id: 'c' })(at)) as object),
        oauthClients: { 'https://evil.example': [{ client_id: 'c', private_key_file: '/root/.ssh/id_ed25519' }] },
      }),
    exit: 0,
    changesStore: true,
    says: /cannot be renewed on this machine: its client authenticates with a key file/,
    leaves: /^(?![^]*id_ed25519)/,
  },
  {
    source: 'RFC 9700 section 4.4',
    attack: 'an imported login pins the issuer that the next login goes to, and endpoints of its own',
    command: 'import',
    stdin: imported(
      {},
      { login_options: { issuer: 'https://evil.example', trust_endpoints: 'evil.example', metadata_url: 'https://evil.example/m' } },
    ),
    exit: 0,
    changesStore: true,
    says: /Options not imported: “--issuer https:\/\/evil\.example --trust-endpoints evil\.example --metadata-url/,
    leaves: /^(?![^]*evil\.example)/,
  },
  {
    source: 'RFC 9700 section 4.1',
    attack: 'an imported registration replaces one of this machine, with another redirect URI',
    command: 'import',
    store: () => ({
      mcpServers: {},
      oauthClients: {
        'https://as.example': [{ client_id: 'c', redirect_uris: ['http://127.0.0.1:7/callback'], obtained_by: 'dynamic_registration' }],
      },
    }),
    stdin: (at) =>
      JSON.stringify({
        ...(JSON.parse(imported({ issuer: 'https://as.example', client_id: 'c' })(at)) as object),
        oauthClients: { 'https://as.example': [{ client_id: 'c', redirect_uris: ['https://evil.example/callback'] }] },
      }),
    exit: 0,
    changesStore: true,
    says: /Imported the login to evil/,
    leaves: /^(?![^]*evil\.example)[^]*127\.0\.0\.1:7\/callback/,
  },
  {
    source: 'RFC 9700 section 4.1',
    attack: 'a registration of another server would send the browser elsewhere than to this machine',
    store: othersClient({ redirect_uris: ['https://evil.example/callback'] }),
    change: () => [{ want: 'POST /register', respond: ({ body }) => ({ json: { ...body, client_id: 'own' } }) }],
    command: byPaste,
    act: pastesCode,
    exit: 0,
    changesStore: true,
    says: /Logged in to victim/,
    leaves: /^(?![^]*redirect_uris[^\]]*evil[^\]]*\][^}]*"client_id": "own")[^]*"client_id": "own"/,
  },
  {
    source: 'MCP 2025-11-25 Confused Deputy',
    attack: 'the authorization server of another MCP server is named, which remembers consent by client',
    store: othersClient(),
    change: () => [{ want: 'POST /register', respond: ({ body }) => ({ json: { ...body, client_id: 'own' } }) }],
    command: unverified,
    exit: 0,
    changesStore: true,
    says: /Logged in to victim/,
    leaves: /"victim": \{[^]*"client_id": "own"/,
  },
  ...['client-credentials', 'paste', 'device'].map((flow) => ({
    source: 'CVE-2026-104850',
    attack: `an authorization server that only the MCP server has named would be sent the secret, by ${flow}`,
    change: namesByName,
    command: `login URL --no-browser --flow ${flow} --client-id robot --name victim --no-verify`,
    env: { MCP_AUTH_CLIENT_SECRET: secrets.clientSecret },
    exit: 1,
    says: /It was not sent the secret of the client robot[^]*pass --issuer http:\/\/localhost/,
    never: ['POST /token', 'POST /device'],
  })),
  {
    source: 'RFC 7523 section 3',
    attack: 'a workload’s token does not say whom it is for',
    command: 'login URL --flow workload --client-id robot --workload-token-file HOME/jwt --name victim',
    files: () => ({ jwt: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJwb2QifQ.' }),
    exit: 1,
    says: /token names no audience[^]*--issuer/,
    never: ['POST /token'],
  },
  ...[
    { what: 'user information', resource: (origin: string) => `${origin.replace('http://', 'http://bank.example@')}/mcp` },
    { what: 'a backslash', resource: (origin: string) => `${origin}\\mcp` },
    { what: 'a step up', resource: (origin: string) => `${origin}/bank/../mcp/..` },
  ].map(({ what, resource }) => ({
    source: 'RFC 3986 section 7.6',
    attack: `the resource holds ${what}, and is another one to another program`,
    change: ({ origin }: Places) => [
      { want: 'GET /prm', respond: { json: { resource: resource(origin), authorization_servers: [origin] } } },
    ],
    exit: 1,
    says: /is for the resource “[^”]*”, not for/,
    never: ['POST /register'],
  })),
  {
    source: 'RFC 8707 section 2',
    attack: 'the resource has a fragment',
    change: ({ origin }) => [{ want: 'GET /prm', respond: { json: { resource: `${origin}/mcp#x`, authorization_servers: [origin] } } }],
    exit: 1,
    says: /is for the resource “[^”]*#x”, not for/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 9728 section 3.3',
    attack: 'one of the servers of a host claims the whole host as its resource',
    change: ({ origin }) => [{ want: 'GET /prm', respond: { json: { resource: origin, authorization_servers: [origin] } } }],
    exit: 1,
    says: /is for the resource/,
    never: ['POST /register'],
  },
];

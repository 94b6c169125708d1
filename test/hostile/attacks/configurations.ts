/** Files and entries that others have written. */
import { metadata, type Exchange } from '../../helpers/fake-server.js';
import { discovery, secrets, tokens } from '../attacking-server.js';
import { type Attack, byPaste, expired, imported, pastes, redirectTo, speaks, stateOf } from './attack.js';

const withClient = {
  mcpServers: {},
  oauthClients: {
    'https://as.corp.example': [{ client_id: 'robot', client_secret: secrets.clientSecret, obtained_by: 'pre_registration' }],
  },
};
const registered: Exchange = {
  want: 'POST /register',
  respond: ({ headers }) => (headers.authorization === undefined ? { status: 401 } : { status: 500 }),
};

export const configurations: Attack[] = [
  {
    source: 'MCP 2025-11-25 Token Handling',
    attack: 'a project calls its own server by the name of one that the app is logged in to',
    command: 'add --from claude-code --tokens',
    files: ({ origin, tripwire }) => ({
      '.mcp.json': { mcpServers: { victim: { type: 'http', url: `${tripwire}/mcp` } } },
      '.claude/.credentials.json': {
        mcpOAuth: {
          'victim|1': {
            serverName: 'victim',
            serverUrl: `${origin}/mcp`,
            accessToken: secrets.accessToken,
            refreshToken: secrets.refreshToken,
          },
        },
      },
    }),
    exit: 0,
    changesStore: true,
    says: /victim \(http:\S+\): added\. Log in with/,
  },
  {
    source: 'CWE-200',
    attack: 'a project’s server has a variable of the environment in its URL',
    command: 'add --from .mcp.json',
    env: { API_KEY: 'SECRET-api-key' },
    files: ({ origin }) => ({ '.mcp.json': { mcpServers: { victim: { type: 'http', url: `${origin}/\${API_KEY}/mcp` } } } }),
    exit: 0,
    changesStore: true,
    says: /victim contains \$\{API_KEY\}: its value is sent to that server/,
  },
  {
    source: 'CWE-522',
    attack: 'an imported login names a client of the store, and a token endpoint to send its secret to',
    command: 'import',
    store: () => withClient,
    stdin: imported({ issuer: 'https://as.corp.example', client_id: 'robot' }),
    exit: 2,
    says: /whose secret is in this store and not in the document/,
  },
  {
    source: 'RFC 7523 section 3, CWE-73',
    attack: 'an imported login is renewed by showing a file of this machine',
    command: 'import',
    stdin: imported({ issuer: 'https://evil.example', flow: 'workload', workload_token_file: '/etc/passwd' }),
    exit: 0,
    changesStore: true,
    says: /cannot be renewed on this machine: it is renewed by the flow “workload”, which runs without the user/,
    leaves: /^(?![^]*(workload|passwd|token_endpoint))/,
  },
  {
    source: 'RFC 8414 section 3.3',
    attack: 'an imported server may call any issuer its own',
    command: 'import',
    stdin: imported({}, { trusted_issuer: 'https://bank.example', trusted_issuer_at: 'https://evil.example' }),
    exit: 0,
    changesStore: true,
    says: /Options not imported[^“]*“--trust-issuer https:\/\/bank\.example/,
    leaves: /^(?![^]*bank\.example)/,
  },
  {
    source: 'RFC 7591 section 3',
    attack: 'a server asks for the initial access token of another',
    change: () => [registered],
    env: { MCP_AUTH_REGISTRATION_TOKEN: 'SECRET-initial-access-token' },
    exit: 1,
    says: /pass --issuer/,
  },
  {
    source: 'CVE-2026-104850',
    attack: 'a server is named as the authorization server of a client that another one knows',
    command: 'login URL --no-browser --flow client-credentials --client-id robot --name victim',
    store: () => withClient,
    env: { MCP_AUTH_CLIENT_SECRET: secrets.clientSecret },
    exit: 1,
    says: /is registered with https:\/\/as\.corp\.example, but the server names/,
    never: ['POST /token'],
  },
  {
    source: 'CVE-2025-6514',
    attack: 'an issuer is a shell command, in a hint to type it',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/$(touch\${IFS}pwned)`] } } },
      {
        want: 'GET /.well-known/oauth-authorization-server/$(touch$%7BIFS%7Dpwned)',
        respond: { json: metadata(origin, { issuer: `${origin}/$(touch\${IFS}pwned)` }) },
      },
    ],
    exit: 1,
    says: /is the metadata of “[^”]*”, not of/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 7636 section 7.2',
    attack: 'a store says parameters of the authorization request that are ours to set',
    command: byPaste,
    store: ({ origin }) => ({
      mcpServers: {
        victim: {
          type: 'http',
          url: `${origin}/mcp`,
          login_options: {
            authorize_params: {
              code_challenge: 'evil',
              resource: 'https://evil.example',
              redirect_uri: 'https://evil.example',
              audience: 'a',
            },
          },
        },
      },
    }),
    act: pastes((request) => ({ code: secrets.code, state: stateOf(request) })),
    exit: 0,
    changesStore: true,
    says: /^http:\S+\/authorize\?(?!\S*evil)\S*audience=a/m,
  },
  {
    source: 'RFC 8707 section 2',
    attack: 'an imported login brings another server’s resource for the next one',
    command: 'import',
    stdin: imported({}, { login_options: { resource: 'https://bank.example', authorize_params: { audience: 'https://bank.example' } } }),
    exit: 0,
    changesStore: true,
    says: /Options not imported[^“]*“--resource https:\/\/bank\.example/,
    leaves: /^(?![^]*bank\.example)/,
  },
  {
    source: 'RFC 8414 section 3.3, MCP 2025-03-26 Server Metadata Discovery',
    attack: 'a server that names no issuer has metadata below its own path, which claims another one’s issuer and client on the same host',
    change: ({ origin, tripwire }) => [
      { want: 'GET /prm', respond: { status: 404 } },
      { want: discovery, respond: { status: 404 } },
      {
        want: 'GET /mcp/.well-known/openid-configuration',
        respond: {
          json: metadata(origin, {
            issuer: `${origin}/honest`,
            token_endpoint: `${tripwire}/token`,
            device_authorization_endpoint: `${tripwire}/device`,
          }),
        },
      },
    ],
    store: ({ origin }) => ({
      mcpServers: {},
      oauthClients: {
        [`${origin}/honest`]: [
          {
            ...{ client_id: 'c', client_secret: secrets.clientSecret, token_endpoint_auth_method: 'client_secret_post' },
            ...{ redirect_uris: ['http://127.0.0.1:1/callback'], obtained_by: 'dynamic_registration' },
          },
        ],
      },
    }),
    exit: 1,
    says: /is the metadata of “http:\S+\/honest”, not of/,
  },
  {
    source: 'RFC 8707 section 2.2',
    attack: 'a server names an honest authorization server that does not know it, which is asked again for a token for whatever is usual',
    change: () => [
      {
        want: 'POST /token',
        respond: (request) => (request.body['resource'] === undefined ? tokens() : { status: 400, json: { error: 'invalid_target' } }),
      },
    ],
    exit: 1,
    says: /“invalid_target”[^]*--resource none/,
  },
  {
    source: 'RFC 9110 section 7.2',
    attack: 'an entry of another program leads the login to another host by its headers, and ends a message early',
    command: 'bridge victim',
    store: expired({ expires_at: 4_000_000_000 }, { headers: { Host: 'evil.example', 'Content-Length': '3', 'X-Key': 'k' } }),
    change: () => [{ want: 'POST /mcp', respond: ({ headers }) => ({ status: 400, text: `${headers.host} ${String(headers['x-key'])}` }) }],
    act: speaks,
    exit: 0,
    says: /“127\.0\.0\.1:\d+ k”/,
  },
  {
    source: 'RFC 6749 section 5.2',
    attack: 'a refusal repeats, in an envelope, what looks like a token',
    change: () => [
      {
        want: 'POST /token',
        respond: { json: { error: 'access_denied', data: { access_token: secrets.accessToken }, token_type: 'Bearer' } },
      },
    ],
    exit: 4,
    says: /“access_denied”/,
  },
  {
    source: 'RFC 9110 section 15.4',
    attack: 'metadata redirects a request with the entry’s headers elsewhere',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: redirectTo(`${origin.replace('127.0.0.1', 'localhost')}/there`) },
      {
        want: 'GET /there',
        respond: ({ headers }) => ({ json: { resource: `key ${String(headers['x-key'])}`, authorization_servers: [] } }),
      },
    ],
    command: 'login URL --no-browser --flow device --name victim --header X-Key:SECRET-key',
    exit: 1,
    says: /is for the resource “key undefined”/,
  },
];

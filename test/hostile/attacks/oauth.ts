/** Answers of an authorization server that OAuth does not allow. */
import { metadata } from '../../helpers/fake-server.js';
import { deviceCode, secrets, tokens, withMetadata, type Places } from '../attacking-server.js';
import { type Attack, byPaste, expired, pastes, pastesCode, speaks, stateOf } from './attack.js';

export const oauth: Attack[] = [
  {
    source: 'RFC 6749 section 10.12',
    attack: 'a response of another login is pasted',
    command: byPaste,
    act: pastes(() => ({ code: secrets.code, state: 'another-state-of-22-ch' })),
    exit: 1,
    says: /belongs to another login/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 9207 section 2.4',
    attack: 'the response does not say who gave it, though its server says that it does',
    change: ({ origin }) => [withMetadata(origin, { authorization_response_iss_parameter_supported: true })],
    command: byPaste,
    act: pastesCode,
    exit: 1,
    says: /“iss” is missing/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 9207 section 2.4, RFC 9700 section 4.4',
    attack: 'mix-up: the response is another issuer’s',
    command: byPaste,
    act: pastes((request) => ({ code: secrets.code, state: stateOf(request), iss: 'https://honest.example' })),
    exit: 1,
    says: /names a different issuer than http:\S+ and was rejected/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 9207 section 2.4',
    attack: 'mix-up: the error is another issuer’s, and its words are not shown',
    command: byPaste,
    act: pastes((request) => ({
      error: 'access_denied',
      error_description: 'call this number',
      state: stateOf(request),
      iss: 'https://honest.example',
    })),
    exit: 1,
    says: /^(?![^]*this number)[^]*names a different issuer than/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 6749 section 3.1, RFC 9700 section 4.7',
    attack: 'the response has two codes',
    command: byPaste,
    act: pastes((request) => `code=${secrets.code}&code=other-code&state=${stateOf(request)}`),
    exit: 1,
    says: /contains “code” more than once/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 7636 section 7.2, RFC 9700 section 4.8.2',
    attack: 'PKCE is gone from the metadata',
    change: ({ origin }) => [withMetadata(origin, { code_challenge_methods_supported: undefined })],
    command: byPaste,
    exit: 1,
    says: /does not say that it supports PKCE/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 7636 section 7.2',
    attack: 'PKCE is offered without a hash',
    change: ({ origin }) => [withMetadata(origin, { code_challenge_methods_supported: ['plain'] })],
    command: byPaste,
    exit: 1,
    says: /does not support PKCE with S256/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 8414 section 3.3',
    attack: 'the metadata is that of another issuer',
    change: ({ origin, tripwire }) => [withMetadata(origin, { issuer: 'https://honest.example', token_endpoint: `${tripwire}/token` })],
    exit: 1,
    says: /is the metadata of “https:\/\/honest\.example”, not of/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 8414 section 2',
    attack: 'the issuer has user information in it',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { status: 404 } },
      withMetadata(origin, { issuer: origin.replace('http://', 'http://accounts.google.com@') }),
    ],
    exit: 1,
    says: /is the metadata of/,
  },
  {
    source: 'RFC 7591 section 3.2.1',
    attack: 'the registration comes back with a redirect URI on another machine',
    change: () => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({
          status: 201,
          json: { ...body, client_id: 'client-1', redirect_uris: ['https://evil.example/callback'] },
        }),
      },
    ],
    command: byPaste,
    exit: 1,
    says: /and not for http:\/\/127\.0\.0\.1:\d+\/callback/,
  },
  {
    source: 'RFC 8252 section 7.3',
    attack: 'the registration comes back with the port of another program of this machine',
    change: ({ tripwire }) => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'client-1', redirect_uris: [`${tripwire}/callback`] } }),
      },
    ],
    command: byPaste,
    exit: 1,
    says: /callback cannot be listened on/,
  },
  {
    source: 'RFC 7591 section 2',
    attack: 'the registration response has an unsupported client authentication method',
    change: () => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({ status: 201, json: { ...body, client_id: 'client-1', token_endpoint_auth_method: 'tls_client_auth' } }),
      },
    ],
    exit: 1,
    says: /must authenticate by “tls_client_auth”/,
  },
  {
    source: 'CVE-2026-104850, CVE-2026-115563',
    attack: 'the server names another issuer, to be shown the client secret of the first',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/other`] } } },
      {
        want: 'GET /.well-known/oauth-authorization-server/other',
        respond: { json: metadata(origin, { issuer: `${origin}/other` }) },
      },
    ],
    command: 'login victim --no-browser --flow paste',
    store: (at) => {
      const { mcpServers, oauthClients } = expired()(at);
      const clients = oauthClients[at.origin]?.map((client) => ({ ...client, obtained_by: 'pre_registration' }));
      return { mcpServers, oauthClients: { [at.origin]: clients } };
    },
    exit: 1,
    says: /is registered with .*, but the server now names/,
    never: ['POST /register', 'POST /token'],
  },
  {
    source: 'CVE-2026-104850',
    attack: 'the metadata names another token endpoint once there is a refresh token',
    change: ({ origin, tripwire }) => [withMetadata(origin, { token_endpoint: `${tripwire}/token` })],
    command: 'refresh victim',
    store: expired(),
    exit: 0,
    changesStore: true,
    says: /victim/,
  },
  {
    source: 'RFC 6749 section 6',
    attack: 'a refresh gives more scopes than were approved',
    change: () => [{ want: 'POST /token', respond: tokens({ scope: 'read admin' }) }],
    command: 'refresh victim',
    store: expired(),
    exit: 0,
    changesStore: true,
    says: /may do more than was approved: “admin”/,
  },
  {
    source: 'RFC 8707 section 2.2',
    attack: 'a refresh gives a token for another resource',
    change: () => [{ want: 'POST /token', respond: tokens({ resource: ['https://bank.example/mcp'] }) }],
    command: 'token victim',
    store: expired(),
    exit: 6,
    says: /a token for “\["https:\/\/bank\.example\/mcp"\]”/,
  },
  {
    source: 'MCP 2025-11-25 Token Handling, RFC 8707 section 2',
    attack: 'the server’s URL in the store has become another one',
    command: 'token victim',
    store: ({ origin, tripwire }) => expired({ expires_at: 4_000_000_000 }, { url: `${tripwire}/mcp` })({ origin, tripwire }),
    exit: 3,
    says: /The login to victim is for “http:\S+\/mcp”, but its URL in the store is now/,
  },
  {
    source: 'MCP 2024-11-05 HTTP with SSE, CWE-522',
    attack: 'the older transport names an endpoint elsewhere, to be sent the token',
    change: ({ tripwire }) => [
      {
        want: 'GET /mcp',
        respond: { headers: { 'content-type': 'text/event-stream' }, text: `event: endpoint\ndata: ${tripwire}/messages\n\n` },
      },
    ],
    command: 'bridge victim --transport sse-only',
    store: expired({ expires_at: 4_000_000_000 }),
    act: speaks,
    exit: 0,
    says: /is not part of http:\S+\/mcp, which the login is for/,
  },
  {
    source: 'MCP 2024-11-05 HTTP with SSE, CWE-522',
    attack: 'the older transport names another customer’s endpoint on the same host',
    change: ({ origin }) => [
      {
        want: 'GET /a/sse',
        respond: { headers: { 'content-type': 'text/event-stream' }, text: `event: endpoint\ndata: ${origin}/b/messages\n\n` },
      },
    ],
    command: 'bridge victim --transport sse-only',
    store: (at) => expired({ expires_at: 4_000_000_000, resource: `${at.origin}/a/sse` }, { url: `${at.origin}/a/sse` })(at),
    act: speaks,
    exit: 0,
    says: /is not part of http:\S+\/a\/sse/,
    never: ['POST /b/messages'],
  },
  {
    source: 'RFC 8628 section 3.2',
    attack: 'a device code that never ends',
    change: ({ origin }) => [
      { want: 'POST /device', respond: deviceCode(origin, { expires_in: 1e15, interval: 60 }) },
      { want: 'POST /token', respond: { status: 400, json: { error: 'authorization_pending' } } },
    ],
    exit: 5,
    says: /expired before it was approved/,
  },
  ...[0, -1, '5', 'x', null, 1e10, 99_999_999, 0.0001, [], {}].map((interval) => ({
    source: 'RFC 8628 section 3.5',
    attack: `the interval between polls is ${JSON.stringify(interval)}`,
    change: ({ origin }: Places) => [
      { want: 'POST /device', respond: deviceCode(origin, { interval }) },
      { want: 'POST /token', respond: { status: 400, json: { error: 'authorization_pending' } } },
    ],
    exit: 5,
    says: /expired before it was approved/,
  })),
  {
    source: 'RFC 8628 section 3.5',
    attack: 'slow_down, for ever',
    change: () => [{ want: 'POST /token', respond: { status: 400, json: { error: 'slow_down' } } }],
    exit: 5,
    says: /expired before it was approved/,
  },
  {
    source: 'RFC 9110 section 10.2.3',
    attack: 'a Retry-After of a thousand years',
    change: () => [{ want: 'POST /token', respond: { status: 429, headers: { 'retry-after': '31536000000' } } }],
    exit: 5,
    says: /expired before it was approved/,
  },
  {
    source: 'RFC 8628 section 3.5',
    attack: 'the user denies access, in a response that also has a token',
    change: () => [
      {
        want: 'POST /token',
        respond: { status: 400, json: { error: 'access_denied', access_token: secrets.accessToken, token_type: 'Bearer' } },
      },
    ],
    exit: 4,
    says: /“access_denied”/,
  },
];

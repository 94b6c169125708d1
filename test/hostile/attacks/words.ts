/** Words of a server that are to be shown. */
import { deviceCode, secrets, withMetadata } from '../attacking-server.js';
import { type Attack, byPaste, expired, pastes, pastesCode, stateOf, unverified } from './attack.js';

/** Ways to move the cursor, to reorder, to hide, and to seem to have ended. */
const evilWords = 'a\u001b]8;;https://evil.example\u0007b\u001b[2J\u009b31m\u202ec\u2066d\u200be\u00adf\ud800g\r\nh\u2028i” j';
const shownEvilWords = /“ab?[^“”]*c[^“”]*" j”/;

export const words: Attack[] = [
  {
    source: 'GHSA-q9j4-4h4j-mv5m',
    attack: 'the token endpoint’s error moves the cursor',
    change: () => [{ want: 'POST /token', respond: { status: 400, json: { error: 'invalid_request', error_description: evilWords } } }],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'CWE-150',
    attack: 'the registration’s error moves the cursor',
    change: () => [
      { want: 'POST /register', respond: { status: 400, json: { error: 'invalid_client_metadata', error_description: evilWords } } },
    ],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'CWE-150',
    attack: 'the device endpoint’s error moves the cursor',
    change: () => [{ want: 'POST /device', respond: { status: 400, json: { error: 'invalid_scope', error_description: evilWords } } }],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'RFC 6749 section 4.1.2.1, CWE-150',
    attack: 'the authorization response’s error moves the cursor',
    command: byPaste,
    act: pastes((request) => ({ error: 'server_error', error_description: evilWords.replace('\ud800', ''), state: stateOf(request) })),
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'RFC 6749 section 5.2',
    attack: 'an error is 100 kB long',
    change: () => [
      { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_request', error_description: 'x'.repeat(100_000) } } },
    ],
    exit: 1,
    says: /“x{199}…”/,
  },
  {
    source: 'CWE-150',
    attack: 'an error is not in words',
    change: () => [{ want: 'POST /token', respond: { status: 400, headers: { 'content-type': 'text/plain' }, text: evilWords } }],
    exit: 1,
    says: /“ab?[^“”]*" j”/,
  },
  {
    source: 'RFC 8628 section 6.1',
    attack: 'the user code moves the cursor',
    change: ({ origin }) => [{ want: 'POST /device', respond: deviceCode(origin, { user_code: 'WDJB\u001b[2J-MJHT\u202e' }) }],
    exit: 1,
    says: /sent an invalid user code: “WDJB\[2J-MJHT”/,
  },
  {
    source: 'RFC 8628 section 6.1',
    attack: 'the user code is 10 kB long',
    change: ({ origin }) => [{ want: 'POST /device', respond: deviceCode(origin, { user_code: 'W'.repeat(10_000) }) }],
    exit: 1,
    says: /sent an invalid user code: “W{199}…”/,
  },
  {
    source: 'CWE-150',
    attack: 'the scopes of the challenge move the cursor',
    change: ({ origin }) => [
      {
        want: 'POST /mcp',
        respond: { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm", scope="a\u009b2J b"` } },
      },
      { want: 'POST /device', respond: { status: 400, json: { error: 'invalid_scope' } } },
    ],
    exit: 1,
    says: /scope: “a2J b”/,
  },
  {
    source: 'CWE-150',
    attack: 'the resource of the metadata moves the cursor',
    change: () => [{ want: 'GET /prm', respond: { json: { resource: evilWords, authorization_servers: [] } } }],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'CWE-150',
    attack: 'the issuer moves the cursor',
    change: ({ origin }) => [withMetadata(origin, { issuer: `${origin}/\u001b[2J\u202e` })],
    exit: 1,
    says: /is the metadata of “http:\/\/127\.0\.0\.1:\d+\/\[2J”/,
  },
  {
    source: 'RFC 5891, CWE-1007',
    attack: 'the issuer is spelled in another script',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: ['https://аррӏе.example'] } } },
    ],
    exit: 6,
    says: /xn--/,
  },
  {
    source: 'RFC 6749 section 10.5',
    attack: 'the token endpoint repeats the code and the secret in its error',
    change: () => [
      {
        want: 'POST /register',
        respond: ({ body }) => ({
          status: 201,
          json: { ...body, client_id: 'client-1', client_secret: secrets.clientSecret, token_endpoint_auth_method: 'client_secret_post' },
        }),
      },
      {
        want: 'POST /token',
        respond: ({ body }) => ({ status: 400, json: { error: 'invalid_request', error_description: Object.values(body).join(' ') } }),
      },
    ],
    command: byPaste,
    act: pastesCode,
    exit: 1,
    says: /“invalid_request”, “[^”]*…[^”]*”/,
  },
  {
    source: 'CWE-532',
    attack: 'the token endpoint repeats the refresh token in its error',
    change: () => [
      {
        want: 'POST /token',
        respond: ({ body }) => ({ status: 400, json: { error: String(body['refresh_token']), error_description: JSON.stringify(body) } }),
      },
    ],
    command: 'token victim --debug',
    store: expired(),
    exit: 1,
    says: /refused: “…”/,
  },
  {
    source: 'CWE-209',
    attack: 'a JSON answer is broken right after the token, which JSON.parse would quote',
    change: () => [
      {
        want: 'POST /token',
        respond: { headers: { 'content-type': 'application/json' }, text: `{"access_token":"${secrets.accessToken}",}` },
      },
    ],
    command: `${unverified} --debug`,
    exit: 6,
    says: /sent an invalid response/,
  },
];

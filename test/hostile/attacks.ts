/**
 * The table of attacks, and what must hold after each. Those that take a network of several addresses are in
 * network.test.ts, those of other users of the machine in machine.test.ts.
 */
import type { ServerResponse } from 'node:http';
import { deflateSync, gzipSync } from 'node:zlib';
import { metadata, type Exchange, type Respond } from '../helpers/fake-server.js';
import type { Run } from '../helpers/run.js';
import { deviceCode, discovery, endless, secrets, tokens, withMetadata, type Places } from './attacking-server.js';

export interface Attack {
  /** Who says that this must not work: a section, an item of the MCP checklist, a CVE, a line of FAILURES-AND-ATTACKS. */
  readonly source: string;
  readonly attack: string;
  readonly change?: (at: Places) => Exchange[];
  /** `URL` stands for the server's; a login by code without it. */
  readonly command?: string;
  /** What is piped in. */
  readonly stdin?: (at: Places) => string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the home folder, which the command is typed in. */
  readonly files?: (at: Places) => Readonly<Record<string, unknown>>;
  /** What the store holds; another server's login without it. */
  readonly store?: (at: Places) => object;
  /** What the person, or somebody else, does meanwhile. */
  readonly act?: (login: Run, at: Places) => Promise<void>;
  /** Whether they do it at a terminal. */
  readonly atTerminal?: boolean;
  readonly exit: number;
  readonly says: RegExp;
  /** Requests that must not come, beside those to the tripwire. */
  readonly never?: readonly string[];
  /** For what is no error: the store has the login, or one less. */
  readonly changesStore?: boolean;
  /** What the store is like then. */
  readonly leaves?: RegExp;
}

const byPaste = 'login URL --no-browser --flow paste --name victim --no-verify';
const unverified = 'login URL --no-browser --flow device --name victim --no-verify';

/** Waits for the address of a login by paste, and pastes an answer made of its state. */
function pastes(answer: (request: URLSearchParams) => Record<string, string> | string): NonNullable<Attack['act']> {
  return async (login) => {
    const { searchParams: request } = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m));
    const given = answer(request);
    login.type(`${request.get('redirect_uri')}?${typeof given === 'string' ? given : String(new URLSearchParams(given))}\n`);
    login.end();
  };
}
const stateOf = (request: URLSearchParams) => request.get('state') ?? '';
const pastesCode = pastes((request) => ({ code: secrets.code, state: stateOf(request) }));

/** An app says something to the bridge, and closes its side when it has heard what came of it. */
const speaks: NonNullable<Attack['act']> = async (bridge) => {
  bridge.type('{"jsonrpc":"2.0","method":"notifications/x"}\n');
  await bridge.shown(/!/);
  bridge.end();
};

/** A store with a login to the server under attack that has expired. */
function expired(changes: Record<string, unknown> = {}, entry: Record<string, unknown> = {}) {
  return ({ origin }: Places) => ({
    mcpServers: {
      victim: {
        type: 'http',
        url: `${origin}/mcp`,
        auth: {
          ...{ type: 'bearer', token: 'SECRET-old-token-3b3b', refresh_token: secrets.refreshToken, expires_at: 1_700_000_000 },
          ...{
            issued_at: 1_699_990_000,
            issuer: origin,
            resource: `${origin}/mcp`,
            client_id: 'client-1',
            token_endpoint: `${origin}/token`,
          },
          ...{ revocation_endpoint: `${origin}/revoke`, scope: 'read', requested_scope: 'read' },
          ...changes,
        },
        ...entry,
      },
    },
    oauthClients: {
      [origin]: [{ client_id: 'client-1', client_secret: secrets.clientSecret, token_endpoint_auth_method: 'client_secret_post' }],
    },
  });
}

const redirectTo = (location: string, status = 307): Respond => ({ status, headers: { location } });
const raw = (write: (response: ServerResponse) => void): Respond => ({ writes: write });

/** One byte, and then one more whenever half a minute has passed for everybody. */
const drip = raw((response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{');
});
/** Lets half a minute pass as soon as the server has been asked. */
const timePasses: NonNullable<Attack['act']> = async (login) => {
  for (let times = 0; times < 40; times += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    login.clock.advance(31_000);
  }
};

/** Ways to move the cursor, to reorder, to hide, and to seem to have ended. */
const evilWords = 'a\u001b]8;;https://evil.example\u0007b\u001b[2J\u009b31m\u202ec\u2066d\u200be\u00adf\ud800g\r\nh\u2028i” j';
const shownEvilWords = /“ab?[^“”]*c[^“”]*" j”/;

const notHttp = [
  'javascript:alert(1)',
  'file:///etc/passwd',
  'ms-msdt:/id%20PCWDiagnostic',
  'smb://evil.example/share',
  'data:text/html,hi',
];

const urls: Attack[] = [
  ...notHttp.map((url) => ({
    source: 'CVE-2025-6514, CVE-2025-10619, checklist 23',
    attack: `the authorization endpoint is ${url}`,
    change: ({ origin }: Places) => [withMetadata(origin, { authorization_endpoint: url })],
    command: byPaste,
    exit: 1,
    says: /authorization_endpoint of .* is not an http\(s\) URL/,
  })),
  {
    source: 'CVE-2025-6514',
    attack: 'the authorization endpoint has a command in its host',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 'https://a$(calc).example/authorize' })],
    command: byPaste,
    exit: 1,
    says: /has a host that is no host name/,
  },
  {
    source: 'RFC 3986 section 7.6, attack 5',
    attack: 'the authorization endpoint has user information that looks like a host',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 'https://accounts.google.com:x@evil.example/authorize' })],
    command: byPaste,
    exit: 1,
    says: /holds a user name or password/,
  },
  {
    source: 'MCP authorization, Communication Security',
    attack: 'the authorization endpoint is plain http elsewhere',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 'http://evil.example/authorize' })],
    command: byPaste,
    exit: 1,
    says: /is plain http/,
  },
  {
    source: 'RFC 8414 section 2',
    attack: 'the authorization endpoint is a number',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 7 })],
    command: byPaste,
    exit: 1,
    says: /authorization_endpoint of .*“7”, is not a URL/,
  },
  {
    source: 'RFC 6749 section 3.2',
    attack: 'the token endpoint is plain http elsewhere',
    change: ({ origin }) => [withMetadata(origin, { token_endpoint: 'http://evil.example/token' })],
    exit: 1,
    says: /token_endpoint of .* is plain http/,
    never: ['POST /register'],
  },
  ...[
    'https://169.254.169.254/token',
    'https://[fe80::1]/token',
    'https://[::ffff:169.254.169.254]/token',
    'https://100.100.100.200/token',
    'https://0.0.0.0/token',
    'https://[64:ff9b::a9fe:a9fe]/token',
    'https://0xa9.0xfe.0xa9fe/token',
    'https://2852039166/token',
  ].map((url) => ({
    source: 'RFC 9728 section 7.7, attack 12',
    attack: `the token endpoint is ${url}`,
    change: ({ origin }: Places) => [withMetadata(origin, { token_endpoint: url })],
    exit: 1,
    says: /leads to [\da-f.:]+, where no server for logins is/,
    never: ['POST /register'],
  })),
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the only authorization server is a cloud’s metadata service',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: ['https://169.254.169.254'] } } },
    ],
    exit: 1,
    says: /leads to 169\.254\.169\.254/,
  },
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the challenge points at a cloud’s metadata service',
    change: () => [
      {
        want: 'POST /mcp',
        respond: { status: 401, headers: { 'www-authenticate': 'Bearer resource_metadata="https://169.254.169.254/latest"' } },
      },
    ],
    exit: 1,
    says: /leads to 169\.254\.169\.254/,
  },
  {
    source: 'RFC 9728 section 3.3',
    attack: 'the challenge points elsewhere, at metadata of another resource',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { json: { resource: 'https://bank.example/mcp', authorization_servers: [origin] } } },
    ],
    exit: 1,
    says: /is for the resource “https:\/\/bank\.example\/mcp”/,
    never: ['POST /register', 'POST /device'],
  },
  {
    source: 'RFC 8628 section 3.2',
    attack: 'the verification URI is a script',
    change: ({ origin }) => [{ want: 'POST /device', respond: deviceCode(origin, { verification_uri: 'javascript:alert(1)' }) }],
    exit: 1,
    says: /The verification URI, “javascript:alert\(1\)”, is not an http\(s\) URL/,
  },
  {
    source: 'RFC 8628 section 5.4',
    attack: 'the verification URI is on an unrelated host',
    change: ({ origin }) => [{ want: 'POST /device', respond: deviceCode(origin, { verification_uri: 'https://evil.example/device' }) }],
    command: unverified,
    exit: 1,
    says: /has its verification_uri at evil\.example, which is another site\. Nothing was sent there/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 8628 section 3.3.1',
    attack: 'the address with the code in it, which only a QR code shows, is another page',
    change: ({ origin }) => [
      { want: 'POST /device', respond: deviceCode(origin, { verification_uri_complete: 'https://evil.example/?user_code=WDJB-MJHT' }) },
    ],
    command: `${unverified} --json`,
    exit: 0,
    changesStore: true,
    says: /^(?![^]*evil\.example)[^]*activate/,
  },
  {
    source: 'RFC 7591 section 3',
    attack: 'the registration endpoint is a file',
    change: ({ origin }) => [withMetadata(origin, { registration_endpoint: 'file:///etc/passwd' })],
    exit: 1,
    says: /lets no client register itself/,
  },
  {
    source: 'RFC 9728 section 2',
    attack: 'a thousand authorization servers',
    change: ({ origin, tripwire }) => [
      {
        want: 'GET /prm',
        respond: {
          json: {
            resource: `${origin}/mcp`,
            authorization_servers: [...Array.from({ length: 1000 }, (_, one) => `${origin}/${one}`), tripwire],
          },
        },
      },
    ],
    exit: 1,
    says: /is the metadata of “http:\/\/127\.0\.0\.1:\d+”, not of “http:\/\/127\.0\.0\.1:\d+\/0”/,
    never: ['GET /.well-known/oauth-authorization-server/5'],
  },
];

const redirects: Attack[] = [
  {
    source: 'RFC 9728 section 7.7, attack 12',
    attack: 'metadata redirects for ever',
    change: ({ origin }) => [
      ...[0, 1, 2, 3].map((hop) => ({ want: `GET /hop${hop}`, respond: redirectTo(`${origin}/hop${hop + 1}`, 302) })),
      { want: discovery, respond: redirectTo(`${origin}/hop0`, 302) },
    ],
    exit: 1,
    says: /has metadata/,
    never: ['GET /hop3'],
  },
  ...[
    { what: 'the registration', want: 'POST /register', exit: 6 },
    { what: 'the device authorization', want: 'POST /device', exit: 1 },
    { what: 'the token endpoint', want: 'POST /token', exit: 6 },
  ].map(({ what, want, exit }) => ({
    source: 'attack 13 [ran], RFC 9700 section 4.12',
    attack: `${what} redirects elsewhere, with what was sent`,
    change: ({ tripwire }: Places) => [{ want, respond: redirectTo(tripwire) }],
    exit,
    says: /redirects elsewhere \(status 307\), and what it was sent is for it alone/,
  })),
  {
    source: 'attack 13',
    attack: 'a refresh is redirected elsewhere',
    change: ({ tripwire }) => [{ want: 'POST /token', respond: redirectTo(tripwire) }],
    command: 'token victim',
    store: expired(),
    exit: 6,
    says: /redirects elsewhere \(status 307\)/,
  },
  {
    source: 'attack 13',
    attack: 'a revocation is redirected elsewhere',
    change: ({ tripwire }) => [{ want: 'POST /revoke', respond: redirectTo(tripwire) }],
    command: 'logout victim',
    store: expired(),
    exit: 0,
    changesStore: true,
    says: /could not be revoked/,
  },
  {
    source: 'checklist 19, RFC 6750 section 5.3',
    attack: 'the MCP server redirects the new token elsewhere',
    change: ({ origin, tripwire }) => [
      {
        want: 'POST /mcp',
        respond: ({ headers }) =>
          headers.authorization === undefined
            ? { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } }
            : redirectTo(tripwire),
      },
    ],
    exit: 0,
    changesStore: true,
    says: /The token could not be tried/,
  },
];

const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, '{"a":1}'));
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

/** What an answer may be that is no answer, and the sentence that it ends in at the token endpoint. */
const bodies: { attack: string; respond: Respond; says: RegExp; exit: number; source: string }[] = [
  { source: 'attack 17', attack: 'has no end', respond: endless('{"a":"', 'x'.repeat(65_536)), says: /more than 1 MiB/, exit: 6 },
  {
    source: 'attack 17',
    attack: 'is 64 MiB, compressed',
    respond: raw((response) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)),
    says: /more than 1 MiB/,
    exit: 6,
  },
  {
    source: 'attack 17',
    attack: 'is compressed five times over',
    respond: raw((response) => {
      const five = [1, 2, 3, 4].reduce((inner) => gzipSync(inner), bomb);
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip, gzip, gzip, gzip, gzip' }).end(five);
    }),
    says: /in a coding that we have not asked for/,
    exit: 6,
  },
  {
    source: 'attack 17',
    attack: 'says that it is compressed and is not',
    respond: { headers: { 'content-encoding': 'gzip' }, json: { access_token: secrets.accessToken } },
    says: /cannot be decompressed/,
    exit: 6,
  },
  {
    source: 'attack 17',
    attack: 'is cut off in the middle of its compression',
    respond: raw((response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'deflate' })
        .end(deflateSync('{"a":1}'.repeat(1000)).subarray(0, 20)),
    ),
    says: /cut off/,
    exit: 6,
  },
  {
    source: 'RFC 9112 section 8',
    attack: 'is shorter than it says',
    respond: raw((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' }).write('{"access_token":');
      setTimeout(() => response.destroy(), 20);
    }),
    says: /closed the connection|cut off/,
    exit: 6,
  },
  {
    source: 'RFC 9112',
    attack: 'is no HTTP',
    respond: raw((response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')),
    says: /does not speak HTTP/,
    exit: 6,
  },
  {
    source: 'RFC 9110 section 5.4',
    attack: 'has headers without end',
    respond: raw((response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\n');
      for (let one = 0; one < 4000; one += 1) response.socket?.write(`x-${one}: ${'y'.repeat(100)}\r\n`);
    }),
    says: /more headers than/,
    exit: 6,
  },
  { source: 'attack 17', attack: 'never comes', respond: 'hang', says: /did not answer within 30 seconds/, exit: 6 },
  { source: 'attack 17', attack: 'comes byte by byte', respond: drip, says: /did not answer within 30 seconds/, exit: 6 },
  {
    source: 'attack 17',
    attack: 'is null',
    respond: { headers: { 'content-type': 'application/json' }, text: 'null' },
    says: /its RFC does not allow/,
    exit: 6,
  },
  {
    source: 'attack 17',
    attack: 'is a list',
    respond: { json: [{ access_token: secrets.accessToken }] },
    says: /its RFC does not allow/,
    exit: 6,
  },
  {
    source: 'attack 17',
    attack: 'is a page',
    respond: { text: '<html><script>alert(1)</script>' },
    says: /its RFC does not allow/,
    exit: 6,
  },
  {
    source: 'RFC 8259 section 9',
    attack: 'is nested 100,000 times',
    respond: { headers: { 'content-type': 'application/json' }, text: deep(100_000) },
    says: /its RFC does not allow/,
    exit: 6,
  },
  {
    source: 'RFC 8259 section 8.1',
    attack: 'is not UTF-8',
    respond: raw((response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(Buffer.from('{"access_token":"\xff\xfe\xfa","token_type":"Bearer"}', 'latin1')),
    ),
    says: /cannot stand in a header/,
    exit: 6,
  },
  {
    source: 'RFC 6749 section 5.1',
    attack: 'has a number for a token',
    respond: tokens({ access_token: 12345678 }),
    says: /its RFC does not allow/,
    exit: 6,
  },
  {
    source: 'attack 19 (failure 19)',
    attack: 'has an empty token',
    respond: tokens({ access_token: '' }),
    says: /its RFC does not allow/,
    exit: 6,
  },
  {
    source: 'RFC 6750 section 2.1',
    attack: 'has a token that would end the header',
    respond: tokens({ access_token: 'a\r\nX-Evil: 1' }),
    says: /cannot stand in a header/,
    exit: 6,
  },
  {
    source: 'RFC 6749 section 7.1',
    attack: 'has a token of the type mac',
    respond: tokens({ token_type: 'mac' }),
    says: /type that it was not asked for|its RFC does not allow/,
    exit: 6,
  },
  {
    source: 'RFC 9449 section 5',
    attack: 'has a token that is bound to a key nobody has shown',
    respond: tokens({ token_type: 'DPoP' }),
    says: /bound to a key, which was not asked for/,
    exit: 6,
  },
  {
    source: 'RFC 8707 section 2.2',
    attack: 'has a token for another resource',
    respond: tokens({ resource: 'https://bank.example/mcp' }),
    says: /a token for “https:\/\/bank\.example\/mcp”/,
    exit: 6,
  },
  {
    source: 'attack 17',
    attack: 'has its token in __proto__',
    respond: {
      headers: { 'content-type': 'application/json' },
      text: `{"__proto__":{"access_token":"${secrets.accessToken}","token_type":"Bearer"}}`,
    },
    says: /its RFC does not allow/,
    exit: 6,
  },
];

const bytes: Attack[] = [
  ...bodies.map(({ respond, attack, ...rest }) => ({
    ...rest,
    attack: `the token endpoint’s answer ${attack}`,
    change: () => [{ want: 'POST /token', respond }],
    command: byPaste,
    act: async (login: Run, at: Places) => {
      await pastesCode(login, at);
      if (respond === 'hang' || respond === drip) await timePasses(login, at);
    },
  })),
  ...bodies.slice(0, 10).map(({ respond, attack, source }) => ({
    source,
    attack: `an answer for metadata ${attack}, and there is no other`,
    change: () =>
      ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'].map((path) => ({ want: `GET ${path}`, respond })),
    act: async (login: Run, at: Places) => {
      if (respond === 'hang' || respond === drip) await timePasses(login, at);
    },
    // What was read whole and is no metadata is as good as a 404; what could not be read is told.
    exit: /has no end|64 MiB|times over/.test(attack) ? 1 : 6,
    says: /has metadata|could not be reached|did not answer/,
  })),
  {
    source: 'attack 17',
    attack: 'metadata has its endpoints in __proto__',
    change: ({ origin, tripwire }) => [
      {
        want: discovery,
        respond: {
          headers: { 'content-type': 'application/json' },
          text: `{"issuer":"${origin}","__proto__":{"token_endpoint":"${tripwire}"}}`,
        },
      },
    ],
    exit: 1,
    says: /names no token_endpoint/,
  },
  {
    source: 'attack 17',
    attack: 'the answer to the first question with the token has no end',
    change: ({ origin }) => [
      {
        want: 'POST /mcp',
        respond: ({ headers }) =>
          headers.authorization === undefined
            ? { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } }
            : endless('{"jsonrpc":"2.0","id":0,"result":{"x":"', 'x'.repeat(65_536)),
      },
    ],
    exit: 0,
    changesStore: true,
    says: /The token could not be tried/,
  },
];

const words: Attack[] = [
  {
    source: 'GHSA-q9j4-4h4j-mv5m, attack 4',
    attack: 'the token endpoint’s error moves the cursor',
    change: () => [{ want: 'POST /token', respond: { status: 400, json: { error: 'invalid_request', error_description: evilWords } } }],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'attack 4',
    attack: 'the registration’s error moves the cursor',
    change: () => [
      { want: 'POST /register', respond: { status: 400, json: { error: 'invalid_client_metadata', error_description: evilWords } } },
    ],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'attack 4',
    attack: 'the device endpoint’s error moves the cursor',
    change: () => [{ want: 'POST /device', respond: { status: 400, json: { error: 'invalid_scope', error_description: evilWords } } }],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'attack 4, RFC 6749 section 4.1.2.1',
    attack: 'the authorization response’s error moves the cursor',
    command: byPaste,
    act: pastes((request) => ({ error: 'server_error', error_description: evilWords.replace('\ud800', ''), state: stateOf(request) })),
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'attack 4',
    attack: 'an error is 100 kB long',
    change: () => [
      { want: 'POST /token', respond: { status: 400, json: { error: 'invalid_request', error_description: 'x'.repeat(100_000) } } },
    ],
    exit: 1,
    says: /“x{199}…”/,
  },
  {
    source: 'attack 4',
    attack: 'an error is not in words',
    change: () => [{ want: 'POST /token', respond: { status: 400, headers: { 'content-type': 'text/plain' }, text: evilWords } }],
    exit: 1,
    says: /“ab?[^“”]*" j”/,
  },
  {
    source: 'attack 4, RFC 8628 section 6.1',
    attack: 'the user code moves the cursor',
    change: ({ origin }) => [{ want: 'POST /device', respond: deviceCode(origin, { user_code: 'WDJB\u001b[2J-MJHT\u202e' }) }],
    exit: 1,
    says: /a code that nobody can type: “WDJB\[2J-MJHT”/,
  },
  {
    source: 'RFC 8628 section 6.1',
    attack: 'the user code is 10 kB long',
    change: ({ origin }) => [{ want: 'POST /device', respond: deviceCode(origin, { user_code: 'W'.repeat(10_000) }) }],
    exit: 1,
    says: /a code that nobody can type: “W{199}…”/,
  },
  {
    source: 'attack 4',
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
    source: 'attack 4',
    attack: 'the resource of the metadata moves the cursor',
    change: () => [{ want: 'GET /prm', respond: { json: { resource: evilWords, authorization_servers: [] } } }],
    exit: 1,
    says: shownEvilWords,
  },
  {
    source: 'attack 4',
    attack: 'the issuer moves the cursor',
    change: ({ origin }) => [withMetadata(origin, { issuer: `${origin}/\u001b[2J\u202e` })],
    exit: 1,
    says: /is the metadata of “http:\/\/127\.0\.0\.1:\d+\/\[2J”/,
  },
  {
    source: 'attack 5, RFC 5891',
    attack: 'the issuer is spelled in another script',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: ['https://аррӏе.example'] } } },
    ],
    exit: 6,
    says: /xn--/,
  },
  {
    source: 'attack 19, RFC 6749 section 10.5',
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
    source: 'attack 19',
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
    source: 'attack 19',
    attack: 'a JSON answer is broken right after the token, which JSON.parse would quote',
    change: () => [
      {
        want: 'POST /token',
        respond: { headers: { 'content-type': 'application/json' }, text: `{"access_token":"${secrets.accessToken}",}` },
      },
    ],
    command: `${unverified} --debug`,
    exit: 6,
    says: /its RFC does not allow/,
  },
];

const oauth: Attack[] = [
  {
    source: 'RFC 6749 section 10.12, checklist 15',
    attack: 'a response of another login is pasted',
    command: byPaste,
    act: pastes(() => ({ code: secrets.code, state: 'another-state-of-22-ch' })),
    exit: 1,
    says: /belongs to another login/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 9207 section 2.4, checklist 16',
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
    says: /does not come from http:\S+, which was asked, so it was thrown away/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 9207 section 2.4, checklist 16',
    attack: 'mix-up: the error is another issuer’s, and its words are not shown',
    command: byPaste,
    act: pastes((request) => ({
      error: 'access_denied',
      error_description: 'call this number',
      state: stateOf(request),
      iss: 'https://honest.example',
    })),
    exit: 1,
    says: /^(?![^]*this number)[^]*thrown away/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 6749 section 3.1, RFC 9700 section 4.7',
    attack: 'the response has two codes',
    command: byPaste,
    act: pastes((request) => `code=${secrets.code}&code=other-code&state=${stateOf(request)}`),
    exit: 1,
    says: /holds “code” more than once/,
    never: ['POST /token'],
  },
  {
    source: 'RFC 7636 section 7.2, RFC 9700 section 4.8.2, checklist 14',
    attack: 'PKCE is gone from the metadata',
    change: ({ origin }) => [withMetadata(origin, { code_challenge_methods_supported: undefined })],
    command: byPaste,
    exit: 1,
    says: /does not say that it does PKCE/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 7636 section 7.2',
    attack: 'PKCE is offered without a hash',
    change: ({ origin }) => [withMetadata(origin, { code_challenge_methods_supported: ['plain'] })],
    command: byPaste,
    exit: 1,
    says: /does not offer PKCE with S256/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 8414 section 3.3, checklist 4',
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
    attack: 'the registration comes back with a way to authenticate that nobody has',
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
    source: 'CVE-2026-104850, CVE-2026-115563, checklist 10',
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
    source: 'CVE-2026-104850, checklist 10',
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
    source: 'checklist 19, RFC 8707 section 2',
    attack: 'the server’s URL in the store has become another one',
    command: 'token victim',
    store: ({ origin, tripwire }) => expired({ expires_at: 4_000_000_000 }, { url: `${tripwire}/mcp` })({ origin, tripwire }),
    exit: 3,
    says: /The login to victim is for “http:\S+\/mcp”, and its URL in the store is now/,
  },
  {
    source: 'attack 15',
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
    says: /is not a part of http:\S+\/mcp, which the login is for/,
  },
  {
    source: 'attack 15',
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
    says: /is not a part of http:\S+\/a\/sse/,
    never: ['POST /b/messages'],
  },
  {
    source: 'RFC 8628 section 3.2, attack 20',
    attack: 'a device code that never ends',
    change: ({ origin }) => [
      { want: 'POST /device', respond: deviceCode(origin, { expires_in: 1e15, interval: 60 }) },
      { want: 'POST /token', respond: { status: 400, json: { error: 'authorization_pending' } } },
    ],
    exit: 5,
    says: /expired before it was approved/,
  },
  ...[0, -1, '5', 'x', null, 1e10, 99_999_999, 0.0001, [], {}].map((interval) => ({
    source: 'RFC 8628 section 3.5, attack 20 [ran]',
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
    attack: 'a person who says no, in an answer with a token beside it',
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

/** A login in a document that somebody gives to `import`. */
const imported =
  (auth: Record<string, unknown>, entry: Record<string, unknown> = {}) =>
  (at: Places) =>
    JSON.stringify({
      mcpServers: {
        evil: {
          url: `${at.origin}/mcp`,
          auth: { type: 'bearer', token: 'x', refresh_token: 'y', expires_at: 1, token_endpoint: `${at.tripwire}/token`, ...auth },
          ...entry,
        },
      },
    });
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

const configurations: Attack[] = [
  {
    source: 'checklist 19, a reader',
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
    source: 'attack 19, a reader',
    attack: 'a project’s server has a variable of the environment in its URL',
    command: 'add --from .mcp.json',
    env: { API_KEY: 'SECRET-api-key' },
    files: ({ origin }) => ({ '.mcp.json': { mcpServers: { victim: { type: 'http', url: `${origin}/\${API_KEY}/mcp` } } } }),
    exit: 0,
    changesStore: true,
    says: /victim will be told what is in the variable API_KEY/,
  },
  {
    source: 'checklist 10, a reader',
    attack: 'an imported login names a client of the store, and a token endpoint to send its secret to',
    command: 'import',
    store: () => withClient,
    stdin: imported({ issuer: 'https://as.corp.example', client_id: 'robot' }),
    exit: 2,
    says: /whose secret is in this store and not in the document/,
  },
  {
    source: 'RFC 7523, a reader',
    attack: 'an imported login is renewed by showing a file of this machine',
    command: 'import',
    stdin: imported({ issuer: 'https://evil.example', flow: 'workload', workload_token_file: '/etc/passwd' }),
    exit: 0,
    changesStore: true,
    says: /cannot be renewed here: it is renewed by the flow “workload”, which acts without a person/,
    leaves: /^(?![^]*(workload|passwd|token_endpoint))/,
  },
  {
    source: 'RFC 8414 section 3.3, a reader',
    attack: 'an imported server may call any issuer its own',
    command: 'import',
    stdin: imported({}, { trusted_issuer: 'https://bank.example', trusted_issuer_at: 'https://evil.example' }),
    exit: 0,
    changesStore: true,
    says: /Not taken[^“]*“--trust-issuer https:\/\/bank\.example/,
    leaves: /^(?![^]*bank\.example)/,
  },
  {
    source: 'RFC 7591 section 3, a reader',
    attack: 'a server asks for the initial access token of another',
    change: () => [registered],
    env: { MCP_AUTH_REGISTRATION_TOKEN: 'SECRET-initial-access-token' },
    exit: 1,
    says: /pass --issuer/,
  },
  {
    source: 'checklist 10, CVE-2026-104850',
    attack: 'a server is named as the authorization server of a client that another one knows',
    command: 'login URL --no-browser --flow client-credentials --client-id robot --name victim',
    store: () => withClient,
    env: { MCP_AUTH_CLIENT_SECRET: secrets.clientSecret },
    exit: 1,
    says: /is registered with https:\/\/as\.corp\.example, but the server names/,
    never: ['POST /token'],
  },
  {
    source: 'CVE-2025-6514, a reader',
    attack: 'an issuer would be a command, where people are told to type it',
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
    source: 'RFC 7636 section 7.2, attack 31',
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
    source: 'RFC 8707 section 2, attack 31',
    attack: 'an imported login brings another server’s resource for the next one',
    command: 'import',
    stdin: imported({}, { login_options: { resource: 'https://bank.example', authorize_params: { audience: 'https://bank.example' } } }),
    exit: 0,
    changesStore: true,
    says: /Not taken[^“]*“--resource https:\/\/bank\.example/,
    leaves: /^(?![^]*bank\.example)/,
  },
  {
    source: 'RFC 8414 section 3.3, MCP 2025-03-26',
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
    source: 'RFC 8707 section 2.2, attack 32',
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
    source: 'RFC 9110 section 7.2, attack 32',
    attack: 'an entry of another program leads the login to another host by its headers, and ends a message early',
    command: 'bridge victim',
    store: expired({ expires_at: 4_000_000_000 }, { headers: { Host: 'evil.example', 'Content-Length': '3', 'X-Key': 'k' } }),
    change: () => [{ want: 'POST /mcp', respond: ({ headers }) => ({ status: 400, text: `${headers.host} ${String(headers['x-key'])}` }) }],
    act: speaks,
    exit: 0,
    says: /“127\.0\.0\.1:\d+ k”/,
  },
  {
    source: 'attack 32, RFC 6749 section 5.2',
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
    source: 'attack 32, RFC 9110 section 15.4',
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

/** The same machine by another name, which is another origin: an authorization server that is not the MCP server itself. */
const byName = (origin: string) => origin.replace('127.0.0.1', 'localhost');
const namesByName = ({ origin }: Places): Exchange[] => [
  { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: [byName(origin)] } } },
  withMetadata(byName(origin), {}),
];
/** The person presses Enter at whatever they are asked first. */
const pressesEnter: NonNullable<Attack['act']> = async (login) => {
  await login.shown(/(No: stop here)/);
  login.type('\r');
};
/** A login of an issuer's own client, with a secret, whose endpoints are somebody else's: as an import of before has left it. */
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
const mixedUp = 'RFC 9700 section 4.4, attack F1';

/** What an authorization server may name, and what it is shown. */
const endpoints: Attack[] = [
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
    says: /this is an attack: what you approve there\s+would be handed to 127\.0\.0\.1/,
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
    attack: 'the same with two servers that share the end of a name under which anybody can have one',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 'https://phish.github.io/authorize' })],
    command: `${byPaste} --trust-endpoints bank.github.io`,
    exit: 1,
    says: /has its authorization_endpoint at phish\.github\.io/,
    never: ['POST /register'],
  },
  ...['refresh victim', 'refresh --all', 'logout victim'].map((command) => ({
    source: 'attack F2',
    attack: `${command}: a login says its client’s issuer, and endpoints of its own for the secret`,
    store: foreignEndpoints,
    command,
    exit: 0,
    changesStore: true,
    says: /victim/,
  })),
  {
    source: 'attack F3',
    attack: 'an imported login’s client proves itself with a key of this machine',
    command: 'import',
    stdin: (at) =>
      JSON.stringify({
        ...(JSON.parse(imported({ issuer: 'https://evil.example', client_id: 'c' })(at)) as object),
        oauthClients: { 'https://evil.example': [{ client_id: 'c', private_key_file: '/root/.ssh/id_ed25519' }] },
      }),
    exit: 0,
    changesStore: true,
    says: /cannot be renewed here: its client proves itself with a key in a file/,
    leaves: /^(?![^]*id_ed25519)/,
  },
  {
    source: 'attack F4',
    attack: 'an imported login pins the issuer that the next login goes to, and endpoints of its own',
    command: 'import',
    stdin: imported(
      {},
      { login_options: { issuer: 'https://evil.example', trust_endpoints: 'evil.example', metadata_url: 'https://evil.example/m' } },
    ),
    exit: 0,
    changesStore: true,
    says: /Not taken: “--issuer https:\/\/evil\.example --trust-endpoints evil\.example --metadata-url/,
    leaves: /^(?![^]*evil\.example)/,
  },
  {
    source: 'attack F5',
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
    says: /Logged in to evil/,
    leaves: /^(?![^]*evil\.example)[^]*127\.0\.0\.1:7\/callback/,
  },
  {
    source: 'attack F5',
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
    source: 'attack F6',
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
    source: 'attack F7',
    attack: `an authorization server that only the MCP server has named would be sent the secret, by ${flow}`,
    change: namesByName,
    command: `login URL --no-browser --flow ${flow} --client-id robot --name victim --no-verify`,
    env: { MCP_AUTH_CLIENT_SECRET: secrets.clientSecret },
    exit: 1,
    says: /it was not sent the secret of the client robot[^]*pass --issuer http:\/\/localhost/,
    never: ['POST /token', 'POST /device'],
  })),
  {
    source: 'RFC 7523 section 3, attack F7',
    attack: 'a workload’s token does not say whom it is for',
    command: 'login URL --flow workload --client-id robot --workload-token-file HOME/jwt --name victim',
    files: () => ({ jwt: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJwb2QifQ.' }),
    exit: 1,
    says: /does not say which authorization server it is for[^]*--issuer/,
    never: ['POST /token'],
  },
  ...[
    { what: 'user information', resource: (origin: string) => `${origin.replace('http://', 'http://bank.example@')}/mcp` },
    { what: 'a backslash', resource: (origin: string) => `${origin}\\mcp` },
    { what: 'a step up', resource: (origin: string) => `${origin}/bank/../mcp/..` },
  ].map(({ what, resource }) => ({
    source: 'RFC 3986 section 7.6, attack F13',
    attack: `the resource holds ${what}, and is another one to another program`,
    change: ({ origin }: Places) => [
      { want: 'GET /prm', respond: { json: { resource: resource(origin), authorization_servers: [origin] } } },
    ],
    exit: 1,
    says: /is for the resource “[^”]*”, not for/,
    never: ['POST /register'],
  })),
  {
    source: 'RFC 8707 section 2, attack F13',
    attack: 'the resource has a fragment',
    change: ({ origin }) => [{ want: 'GET /prm', respond: { json: { resource: `${origin}/mcp#x`, authorization_servers: [origin] } } }],
    exit: 1,
    says: /is for the resource “[^”]*#x”, not for/,
    never: ['POST /register'],
  },
  {
    source: 'RFC 9728 section 3.3, attack F13',
    attack: 'one of the servers of a host claims the whole host as its resource',
    change: ({ origin }) => [{ want: 'GET /prm', respond: { json: { resource: origin, authorization_servers: [origin] } } }],
    exit: 1,
    says: /is for the resource/,
    never: ['POST /register'],
  },
];

/** Inputs of a size that no server and no file of good will has. */
const sizes: Attack[] = [
  {
    source: 'attack F17, RFC 9110 section 15.2',
    attack: 'interim answers come one after another, without an end',
    change: () => [
      {
        want: 'POST /mcp',
        respond: raw((response) => {
          const more = () => {
            if (response.socket?.destroyed === false) response.socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100), more);
          };
          more();
        }),
      },
    ],
    exit: 6,
    says: /goes on and on without an answer/,
  },
  {
    source: 'attack F11',
    attack: 'a project’s file has a URL of 147 kB that is made of variables',
    files: () => ({ '.mcp.json': { mcpServers: { victim: { url: `https://mcp.example/${'${A:-'.repeat(30_000)}` } } } }),
    command: 'add --from .mcp.json',
    exit: 0,
    says: /more than 65536 characters/,
  },
  {
    source: 'attack F11',
    attack: 'a project’s file has more servers than anybody',
    files: () => ({
      '.mcp.json': { mcpServers: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`s ${i}`, { url: 'https://a.example/' }])) },
    }),
    command: 'add --from .mcp.json',
    exit: 1,
    says: /names 20000 servers, and 10000 are the most/,
  },
];

/** What an MCP server does once there is a token, by the method that it is asked. */
function opened(answers: Readonly<Record<string, Respond>>): NonNullable<Attack['change']> {
  return ({ origin }) => [
    {
      want: 'POST /mcp',
      respond: ({ headers, body }) => {
        if (headers.authorization === undefined)
          return { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } };
        return answers[String(body['method'])] ?? { status: 202 };
      },
    },
  ];
}
const answerTo = (id: unknown, result: unknown) => ({ jsonrpc: '2.0', id, result });
const introduction = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'evil', version: '1' } };
const introduced: Respond = ({ body }) => ({ json: answerTo(body['id'], introduction) });
const listed = (page: (cursor: unknown) => object): Respond => {
  return ({ body }) => ({ json: answerTo(body['id'], page((body['params'] as Record<string, unknown> | undefined)?.['cursor'])) });
};
const events = (text: string): Respond => ({ headers: { 'content-type': 'text/event-stream' }, text });
/** Each alternative adds to a program that is put together once more for each. */
const schema = { type: 'object', oneOf: Array.from({ length: 3000 }, (_, at) => ({ required: [`a${at}`] })) };

/** All of these have been approved: the login is stored, whatever comes of its trial. */
const afterConsent: Attack[] = [
  {
    source: 'attack F8',
    attack: 'a tool has a schema that takes hours to make a program of',
    change: opened({
      initialize: introduced,
      'tools/list': listed(() => ({ tools: [{ name: 'a', inputSchema: schema, outputSchema: schema }] })),
    }),
    says: /has 1 tool\./,
  },
  {
    source: 'attack F8',
    attack: 'a server’s list of tools has always another page',
    change: opened({
      initialize: introduced,
      'tools/list': listed((cursor) => ({ tools: [{ name: 'a', inputSchema: { type: 'object' } }], nextCursor: `${String(cursor)}x` })),
    }),
    says: /has 100 tools\./,
  },
  {
    source: 'attack F8, MCP 2025-11-25 ping',
    attack: 'a server pings thousands of times in one answer',
    change: opened({
      initialize: events(Array.from({ length: 3000 }, (_, id) => `data: {"jsonrpc":"2.0","id":${id},"method":"ping"}\n\n`).join('')),
    }),
    says: /could not be tried: \S+ did not come to an end within 2000 messages/,
  },
  {
    source: 'attack F8, MCP 2025-11-25 resumability',
    attack: 'a server’s stream ends at once, and is to be taken up at once, for ever',
    change: (at: Places) => [
      ...opened({ initialize: events('retry: 0\nid: 1\ndata:\n\n') })(at),
      { want: 'GET /mcp', respond: events('retry: 0\nid: 1\ndata:\n\n') },
    ],
    says: /could not be tried: \S+ did not come to an end within 200 requests/,
  },
  {
    source: 'attack F8',
    attack: 'a server says nothing, in an event stream without an end',
    change: opened({ initialize: endless('', `: ${'x'.repeat(65_536)}\n`, { 'content-type': 'text/event-stream' }) }),
    says: /could not be tried: \S+ did not come to an end within 8 MiB/,
  },
].map((row) => ({ ...row, exit: 0, changesStore: true, leaves: /SECRET-access-token/ }));

const shown: Attack[] = [
  ...[
    'Your account is locked. Call 0800 1234',
    'Send me 1 bitcoin',
    'PLEASE-CALL-0800-1234-OR-LOSE-YOUR-ACCOUNT',
    'evil.example/login',
    'https://evil',
    'a'.repeat(33),
    'pay me: now',
    'АВСD-EFGH',
    ' ',
    'Reinstall everything now',
  ].map((code) => ({
    source: 'RFC 8628 section 6.1, attacks of 2026-11-25',
    attack: `the user code is ${JSON.stringify(code)}`,
    change: ({ origin }: Places) => [{ want: 'POST /device', respond: deviceCode(origin, { user_code: code }) }],
    exit: 1,
    says: /gave a code that nobody can type/,
    never: ['POST /token'],
  })),
  {
    source: 'RFC 8707, attack 19',
    attack: 'an app asks by name for the headers of a server that it has at another URL',
    command: 'headers victim',
    store: expired({ expires_at: 4_000_000_000 }),
    env: { CLAUDE_CODE_MCP_SERVER_URL: 'https://evil.example/mcp' },
    exit: 1,
    says: /victim is not the server at “https:\/\/evil\.example\/mcp”/,
  },
  {
    source: 'attack F20',
    attack: 'the name of the store adds a line to the unit of the service',
    command: 'refresh --install-service --store /tmp/a\nExecStartPre=evil',
    exit: 2,
    says: /cannot hold/,
  },
  ...['WDJB-MJHT', '123 456 789', 'abcd1234', '0123456789abcdef0123456789ABCDEF', 'x_-Y.9', 'A'].map((code) => ({
    source: 'RFC 8628 section 6.1',
    attack: `the user code ${code} is one`,
    change: ({ origin }: Places) => [{ want: 'POST /device', respond: deviceCode(origin, { user_code: code }) }],
    command: unverified,
    exit: 0,
    says: new RegExp(code),
    changesStore: true,
  })),
];

export const attacks: readonly Attack[] = [
  ...endpoints,
  ...urls,
  ...redirects,
  ...bytes,
  ...words,
  ...oauth,
  ...configurations,
  ...sizes,
  ...afterConsent,
  ...shown,
];

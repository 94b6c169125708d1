/** Invalid and oversized responses. */
import { deflateSync, gzipSync } from 'node:zlib';
import type { Respond } from '../../helpers/fake-server.js';
import type { Run } from '../../helpers/run.js';
import { discovery, endless, secrets, tokens, type AttackingServer } from '../attacking-server.js';
import { type Attack, byPaste, pastesCode, raw } from './attack.js';

/** The first byte of a response, and never the rest. */
const drip = raw((response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{');
});
/** Lets more time pass than a request may take, each time the server has received one of these requests. */
async function letTimePass(login: Run, at: AttackingServer, wants: readonly string[]): Promise<void> {
  for (const want of wants) {
    await at.server.waitFor(want);
    login.clock.advance(31_000);
  }
}

const metadataRequests = [discovery, 'GET /.well-known/openid-configuration'];

const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, '{"a":1}'));
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

/** Invalid responses, and the message for each at the token endpoint. */
const bodies: { attack: string; respond: Respond; says: RegExp; exit: number; source: string }[] = [
  { source: 'CWE-770', attack: 'has no end', respond: endless('{"a":"', 'x'.repeat(65_536)), says: /larger than 1 MiB/, exit: 6 },
  {
    source: 'CWE-409',
    attack: 'is 64 MiB, compressed',
    respond: raw((response) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)),
    says: /larger than 1 MiB/,
    exit: 6,
  },
  {
    source: 'RFC 9110 section 8.4, CWE-409',
    attack: 'is compressed five times over',
    respond: raw((response) => {
      const five = [1, 2, 3, 4].reduce((inner) => gzipSync(inner), bomb);
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip, gzip, gzip, gzip, gzip' }).end(five);
    }),
    says: /sent an unsupported Content-Encoding/,
    exit: 6,
  },
  {
    source: 'RFC 9110 section 8.4',
    attack: 'says that it is compressed and is not',
    respond: { headers: { 'content-encoding': 'gzip' }, json: { access_token: secrets.accessToken } },
    says: /cannot be decompressed/,
    exit: 6,
  },
  {
    source: 'RFC 9112 section 8',
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
      response.socket?.end();
    }),
    says: /connection closed|cut off/,
    exit: 6,
  },
  {
    source: 'RFC 9112 section 4',
    attack: 'is not HTTP',
    respond: raw((response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')),
    says: /is not HTTP/,
    exit: 6,
  },
  {
    source: 'RFC 9110 section 5.4',
    attack: 'has headers without end',
    respond: raw((response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\n');
      for (let one = 0; one < 4000; one += 1) response.socket?.write(`x-${one}: ${'y'.repeat(100)}\r\n`);
    }),
    says: /headers are too large/,
    exit: 6,
  },
  { source: 'CWE-400', attack: 'never comes', respond: 'hang', says: /did not respond within (30|60) seconds/, exit: 6 },
  { source: 'CWE-400', attack: 'comes byte by byte', respond: drip, says: /did not respond within (30|60) seconds/, exit: 6 },
  {
    source: 'RFC 6749 section 5.1',
    attack: 'is null',
    respond: { headers: { 'content-type': 'application/json' }, text: 'null' },
    says: /sent an invalid response/,
    exit: 6,
  },
  {
    source: 'RFC 6749 section 5.1',
    attack: 'is a list',
    respond: { json: [{ access_token: secrets.accessToken }] },
    says: /sent an invalid response/,
    exit: 6,
  },
  {
    source: 'RFC 6749 section 5.1',
    attack: 'is a page',
    respond: { text: '<html><script>alert(1)</script>' },
    says: /sent an invalid response/,
    exit: 6,
  },
  {
    source: 'RFC 8259 section 9',
    attack: 'is nested 100,000 times',
    respond: { headers: { 'content-type': 'application/json' }, text: deep(100_000) },
    says: /sent an invalid response/,
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
    says: /cannot be sent in a header/,
    exit: 6,
  },
  {
    source: 'RFC 6749 section 5.1',
    attack: 'has a number for a token',
    respond: tokens({ access_token: 12345678 }),
    says: /sent an invalid response/,
    exit: 6,
  },
  {
    source: 'RFC 6749 appendix A.12',
    attack: 'has an empty token',
    respond: tokens({ access_token: '' }),
    says: /sent an invalid response/,
    exit: 6,
  },
  {
    source: 'RFC 6750 section 2.1',
    attack: 'has a token that would end the header',
    respond: tokens({ access_token: 'a\r\nX-Evil: 1' }),
    says: /cannot be sent in a header/,
    exit: 6,
  },
  {
    source: 'RFC 6749 section 7.1',
    attack: 'has a token of the type mac',
    respond: tokens({ token_type: 'mac' }),
    says: /type that was not requested|sent an invalid response/,
    exit: 6,
  },
  {
    source: 'RFC 9449 section 5',
    attack: 'has a DPoP-bound token that was not requested',
    respond: tokens({ token_type: 'DPoP' }),
    says: /DPoP-bound token, which was not requested/,
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
    source: 'CWE-1321',
    attack: 'has its token in __proto__',
    respond: {
      headers: { 'content-type': 'application/json' },
      text: `{"__proto__":{"access_token":"${secrets.accessToken}","token_type":"Bearer"}}`,
    },
    says: /sent an invalid response/,
    exit: 6,
  },
];

export const bytes: Attack[] = [
  ...bodies.map(({ respond, attack, ...rest }) => ({
    ...rest,
    attack: `the response of the token endpoint ${attack}`,
    change: () => [{ want: 'POST /token', respond }],
    command: byPaste,
    act: async (login: Run, at: AttackingServer) => {
      await pastesCode(login, at);
      if (respond === 'hang' || respond === drip) await letTimePass(login, at, ['POST /token']);
    },
  })),
  ...bodies.slice(0, 10).map(({ respond, attack, source }) => ({
    source,
    attack: `every metadata response ${attack}`,
    change: () => metadataRequests.map((want) => ({ want, respond })),
    act: async (login: Run, at: AttackingServer) => {
      if (respond === 'hang' || respond === drip) await letTimePass(login, at, metadataRequests);
    },
    // A complete response that is not metadata counts as a 404; a response that cannot be read is reported.
    exit: /has no end|64 MiB|times over/.test(attack) ? 1 : 6,
    says: /[Nn]o metadata was found|could not be reached|did not respond/,
  })),
  {
    source: 'CWE-1321',
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
    source: 'CWE-770',
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

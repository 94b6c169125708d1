/** URLs of metadata and of answers that are to be opened, asked or sent something. */
import { deviceCode, withMetadata, type Places } from '../attacking-server.js';
import { type Attack, byPaste, unverified } from './attack.js';

const notHttp = [
  'javascript:alert(1)',
  'file:///etc/passwd',
  'ms-msdt:/id%20PCWDiagnostic',
  'smb://evil.example/share',
  'data:text/html,hi',
];

export const urls: Attack[] = [
  ...notHttp.map((url) => ({
    source: 'CVE-2025-6514, CVE-2025-10619',
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
    says: /has an invalid host name/,
  },
  {
    source: 'RFC 3986 section 7.6',
    attack: 'the authorization endpoint has user information that looks like a host',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 'https://accounts.google.com:x@evil.example/authorize' })],
    command: byPaste,
    exit: 1,
    says: /contains a user name or password/,
  },
  {
    source: 'MCP 2025-11-25 Communication Security',
    attack: 'the authorization endpoint is plain http elsewhere',
    change: ({ origin }) => [withMetadata(origin, { authorization_endpoint: 'http://evil.example/authorize' })],
    command: byPaste,
    exit: 1,
    says: /uses plain http/,
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
    says: /token_endpoint of .* uses plain http/,
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
    source: 'RFC 9728 section 7.7',
    attack: `the token endpoint is ${url}`,
    change: ({ origin }: Places) => [withMetadata(origin, { token_endpoint: url })],
    exit: 1,
    says: /resolves to [\da-f.:]+, which mcp-auth never connects to/,
    never: ['POST /register'],
  })),
  {
    source: 'RFC 9728 section 7.7',
    attack: 'the only authorization server is a cloud’s metadata service',
    change: ({ origin }) => [
      { want: 'GET /prm', respond: { json: { resource: `${origin}/mcp`, authorization_servers: ['https://169.254.169.254'] } } },
    ],
    exit: 1,
    says: /resolves to 169\.254\.169\.254/,
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
    says: /resolves to 169\.254\.169\.254/,
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
    says: /does not support dynamic client registration/,
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

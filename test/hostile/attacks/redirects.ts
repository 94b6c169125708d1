/** Redirects of what holds a secret, or without an end. */
import { discovery, type Places } from '../attacking-server.js';
import { type Attack, expired, redirectTo } from './attack.js';

export const redirects: Attack[] = [
  {
    source: 'RFC 9110 section 15.4',
    attack: 'metadata redirects for ever',
    change: ({ origin }) => [
      ...[0, 1, 2, 3].map((hop) => ({ want: `GET /hop${hop}`, respond: redirectTo(`${origin}/hop${hop + 1}`, 302) })),
      { want: discovery, respond: redirectTo(`${origin}/hop0`, 302) },
    ],
    exit: 1,
    says: /No metadata was found/,
    never: ['GET /hop3'],
  },
  ...[
    { what: 'the registration', want: 'POST /register', exit: 6 },
    { what: 'the device authorization', want: 'POST /device', exit: 1 },
    { what: 'the token endpoint', want: 'POST /token', exit: 6 },
  ].map(({ what, want, exit }) => ({
    source: 'RFC 9700 section 4.12',
    attack: `${what} redirects elsewhere, with what was sent`,
    change: ({ tripwire }: Places) => [{ want, respond: redirectTo(tripwire) }],
    exit,
    says: /answered with a redirect \(status 307\)\. It was not followed/,
  })),
  {
    source: 'RFC 9700 section 4.12',
    attack: 'a refresh is redirected elsewhere',
    change: ({ tripwire }) => [{ want: 'POST /token', respond: redirectTo(tripwire) }],
    command: 'token victim',
    store: expired(),
    exit: 6,
    says: /answered with a redirect \(status 307\)/,
  },
  {
    source: 'RFC 9700 section 4.12',
    attack: 'a revocation is redirected elsewhere',
    change: ({ tripwire }) => [{ want: 'POST /revoke', respond: redirectTo(tripwire) }],
    command: 'logout victim',
    store: expired(),
    exit: 0,
    changesStore: true,
    says: /could not be revoked/,
  },
  {
    source: 'RFC 6750 section 5.3',
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

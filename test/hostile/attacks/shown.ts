/** What a command shows of a server. */
import { deviceCode, type Places } from '../attacking-server.js';
import { type Attack, expired, unverified } from './attack.js';

export const shown: Attack[] = [
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
    source: 'RFC 8628 section 6.1',
    attack: `the user code is ${JSON.stringify(code)}`,
    change: ({ origin }: Places) => [{ want: 'POST /device', respond: deviceCode(origin, { user_code: code }) }],
    exit: 1,
    says: /sent an invalid user code/,
    never: ['POST /token'],
  })),
  {
    source: 'MCP 2025-11-25 Token Handling',
    attack: 'an app asks by name for the headers of a server that it has at another URL',
    command: 'headers victim',
    store: expired({ expires_at: 4_000_000_000 }),
    env: { CLAUDE_CODE_MCP_SERVER_URL: 'https://evil.example/mcp' },
    exit: 1,
    says: /victim is not the server at “https:\/\/evil\.example\/mcp”/,
  },
  {
    source: 'CWE-93',
    attack: 'the name of the store adds a line to the unit of the service',
    command: 'refresh --install-service --store /tmp/a\nExecStartPre=evil',
    exit: 2,
    says: /cannot contain/,
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

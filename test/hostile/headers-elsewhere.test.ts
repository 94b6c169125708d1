/** An app that names another URL gets nothing of a login. */
import { expect, test } from 'vitest';
import { answerQuickly } from '../../src/fast-path/quick.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const url = 'https://mcp.example/a/mcp';
const now = Date.now();
const auth = { type: 'bearer', token: 'SECRET-token', issued_at: Math.floor(now / 1000), expires_at: Math.floor(now / 1000) + 3600 };
const headers = { 'x-key': 'SECRET-key' };

const elsewhere = [
  ...['https://evil.example/a/mcp', 'https://mcp.example.evil.example/a/mcp', 'https://mcp.example:444/a/mcp', 'http://mcp.example/a/mcp'],
  ...[
    'https://mcp.example@evil.example/a/mcp',
    'https://evil.example\\@mcp.example/a/mcp',
    'https://mcp.example/a/mcp/../evil',
    'https://mcp.example/b/mcp',
  ],
  ...[
    'https://mcp.example/a/mcp/evil',
    'https://mcp.example/a',
    'https://mcp.example/',
    'not a URL',
    ' ',
    'https://mcp.example/a/mcp%2f..%2fevil',
  ],
];

const apps = [
  ...elsewhere.map((connected) => ({ connected, variable: 'CLAUDE_CODE_MCP_SERVER_URL' })),
  { connected: 'https://evil.example/mcp', variable: 'QODEER_MCP_SERVER_URL' },
];

test.each(apps)('an app that is about to connect to $connected says so in $variable', async ({ connected, variable }) => {
  const env = { [variable]: connected };
  for (const entry of [
    { url, auth },
    { url, auth: { ...auth, resource: url } },
    { url, auth, headers },
    { url, headers: { authorization: 'SECRET-own' } },
  ]) {
    const store = temporaryStore({ mcpServers: { demo: entry } });
    for (const line of ['headers demo', `headers --url ${url}`, `headers demo --url ${url}`]) {
      const asked = run(line, { store, env });
      expect(await asked.exit).toBe(1);
      expect(asked.stdout).toBe('');
      expect(asked.stderr).toContain('demo is not the server at “');
      expect(asked.stderr).not.toContain('SECRET');
    }
    expect(answerQuickly({ argv: ['headers', 'demo'], variables: { ...env, MCP_AUTH_STORE: store }, now })).toBeUndefined();
  }
});

test.each([url, `${url}/`, `${url}#x`, `${url}?tools=all`, 'https://MCP.example:443/a/mcp', 'https://mcp.example/a/b/../mcp'])(
  '%j is that server',
  async (connected) => {
    const env = { CLAUDE_CODE_MCP_SERVER_URL: connected, HOST: 'mcp.example' };
    for (const written of [url, 'https://${HOST}/a/mcp']) {
      const asked = run('headers demo', { store: temporaryStore({ mcpServers: { demo: { url: written, auth } } }), env });
      expect(await asked.exit, asked.stderr).toBe(0);
      expect(asked.stdout).toContain('SECRET-token');
    }
  },
);

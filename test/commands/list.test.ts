import { expect, test } from 'vitest';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const now = Math.floor(Date.now() / 1000);
const document = {
  mcpServers: {
    linear: {
      type: 'http',
      url: 'https://mcp.linear.app/mcp',
      auth: {
        type: 'bearer',
        token: 'secret-access',
        expires_at: now + 3590,
        refresh_token: 'secret-refresh',
        issuer: 'https://linear.app',
        scope: 'read',
      },
    },
    old: {
      url: 'https://old.example',
      auth: { type: 'bearer', token: 'secret-old', expires_at: now - 7300, issuer: 'https://old.example' },
    },
    fixed: { url: 'https://fixed.example', auth: { type: 'bearer', token: 'secret-fixed' } },
    key: { url: 'https://key.example', auth: { type: 'api_key', key: 'secret-key' } },
    fresh: { url: 'https://fresh.example' },
    local: { command: 'node' },
    byHeader: { url: 'https://header.example', headers: { authorization: 'secret-header' } },
  },
};

test.each(['list', 'status'])('%s is a table, without a secret in it', async (name) => {
  const list = run(name, { store: temporaryStore(document) });
  expect(await list.exit).toBe(0);
  expect(list.stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
    'NAME | URL | LOGIN | EXPIRES | REFRESH TOKEN',
    'linear | https://mcp.linear.app/mcp | oauth | in 59 minutes | yes',
    'old | https://old.example | oauth | 2 hours ago | no',
    'fixed | https://fixed.example | bearer | unknown | no',
    'key | https://key.example | api_key | - | -',
    'fresh | https://fresh.example | none | - | -',
    'local | (a local command) | none | - | -',
    'byHeader | https://header.example | header | - | -',
    '',
  ]);
  expect(list.stdout).not.toContain('secret');
});

test('--json says the same to a script', async () => {
  const list = run('list --json', { store: temporaryStore(document) });
  expect(await list.exit).toBe(0);
  const [linear, old] = JSON.parse(list.stdout) as object[];
  expect(linear).toEqual({
    name: 'linear',
    url: 'https://mcp.linear.app/mcp',
    auth: 'oauth',
    issuer: 'https://linear.app',
    scope: 'read',
    expires_at: now + 3590,
    expired: false,
    refresh_token: true,
  });
  expect(old).toMatchObject({ expired: true, refresh_token: false });
  expect(list.stdout).not.toContain('secret');
});

test('an empty store says what to do, and prints nothing', async () => {
  const list = run('list', { store: temporaryStore() });
  expect(await list.exit).toBe(0);
  expect(list.stdout).toBe('');
  expect(list.stderr).toContain('mcp-auth login URL');
  const json = run('list --json', { store: temporaryStore() });
  expect(await json.exit).toBe(0);
  expect(json.stdout).toBe('[]\n');
});

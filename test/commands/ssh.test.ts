/** `mcp-auth ssh`, as far as it comes without a server: test/e2e/ssh-forwarding.test.ts has one. */
import { expect, test } from 'vitest';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

test.each([
  [[], 'missing required argument'],
  [['--', '-oProxyCommand=touch x'], 'is not a host'],
  [['remote', '-f', 'ls'], 'does not support the option -f of ssh'],
  [['--only', 'a,,b', 'remote'], '--only takes names of servers'],
  [['--life', '0', 'remote'], '--life takes a whole number of seconds'],
  [['--port', '1', 'remote'], "unknown option '--port'"],
])('mcp-auth ssh %j is a usage error', async (words, message) => {
  const wrong = run(['ssh', ...words], { store: temporaryStore() });
  expect(await wrong.exit).toBe(2);
  expect(wrong.stderr.toLowerCase()).toContain(message.toLowerCase());
});

test('without ssh, it says what to install; on Windows, that it is unsupported', async () => {
  const none = run('ssh remote', { store: temporaryStore(), env: { PATH: '/nonexistent' } });
  expect(await none.exit).toBe(1);
  expect(none.stderr).toContain('"ssh" cannot be run (ENOENT)');
  expect(none.stderr).toContain('Install OpenSSH');
  const windows = run('ssh remote', { store: temporaryStore(), platform: 'win32' });
  expect(await windows.exit).toBe(2);
  expect(windows.stderr).toContain('unsupported on Windows');
});

/** The bridge in the place of mcp-remote. */
import { describe, expect, test } from 'vitest';
import { serverOf, json, answerTo, answered } from '../helpers/bridged.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

describe('as a replacement for mcp-remote', () => {
  test('its header, with variables and their defaults, its port and its switches are accepted', async () => {
    const server = await serverOf((seen, response) => json(response, answerTo(seen, { key: seen.headers['x-key'] })));
    const words = [
      'bridge',
      server.url,
      '3334',
      '--header',
      'X-Key: a ${KEY} ${NONE:-d}',
      '--allow-http',
      '--debug',
      '--silent',
      '--enable-proxy',
    ];
    const bridge = run(words, { store: temporaryStore(), stdin: 'open', env: { KEY: 'b c' } });
    bridge.type('{"jsonrpc":"2.0","id":1,"method":"initialize"}\n');
    expect((await answered(bridge, 1)).result).toEqual({ key: 'a b c d' });
    bridge.end();
    expect(await bridge.exit).toBe(0);
  });

  test.each([
    { words: ['--header', 'Authorization: Bearer x'], said: 'cannot set Authorization' },
    { words: ['--header', 'nonsense'], said: 'takes "Name: value"' },
    { words: ['--header', 'A: ${NONE}'], said: 'which is not set' },
    { words: ['--transport', 'carrier-pigeon'], said: 'must be one of http-first' },
    { words: ['--ignore-tool', 'x'], said: 'does not support --ignore-tool' },
    { words: ['--auth-timeout', '5'], said: 'does not support --auth-timeout' },
    { words: ['--static-oauth-client-info', '{}'], said: '--client-id' },
    { words: ['nine'], said: '"nine" is not a port number' },
  ])('$words: $said', async ({ words, said }) => {
    const wrong = run(['bridge', 'https://a.example/mcp', ...words], { store: temporaryStore() });
    expect(await wrong.exit).toBe(2);
    expect(wrong.stderr).toContain(said);
    expect(wrong.stdout).toBe('');
  });

  test.each(['http://a.example/mcp', 'nobody'])('%s is rejected', async (server) => {
    const wrong = run(['bridge', server, '--allow-http'], { store: temporaryStore() });
    expect(await wrong.exit).toBe(2);
    expect(wrong.stderr).toMatch(/plain http|no remote server named "nobody"/);
  });
});

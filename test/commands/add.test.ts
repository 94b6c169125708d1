import { expect, test } from 'vitest';
import { deriveServerName } from '../../src/login/server-name.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

test('a server is added as pflow reads it', async () => {
  const store = temporaryStore();
  expect(await run('add linear https://mcp.linear.app/mcp', { store }).exit).toBe(0);
  expect(readStore(store)).toEqual({ mcpServers: { linear: { type: 'http', url: 'https://mcp.linear.app/mcp' } } });
  expect(await run('add linear https://mcp.linear.app/mcp', { store }).exit).toBe(0);
});

test.each([
  ['add linear https://other.example', 'taken by'],
  ['add bad.name https://a.example', 'letters, digits'],
  ['add a ftp://a.example', 'not an http(s) URL'],
  ['add a http://far.example', 'plain http'],
  ['add a https://user:word@a.example', 'user name or password'],
  ['add a http://evil.localhost/mcp', 'plain http'],
  ['add __proto__ https://a.example', 'cannot be the name of a server'],
  ['add a', 'A name and a URL are required'],
  ['add a https://a.example more', 'too many arguments'],
])('%s is wrong usage', async (line, said) => {
  const store = temporaryStore({ mcpServers: { linear: { url: 'https://mcp.linear.app/mcp' } } });
  const add = run(line, { store });
  expect(await add.exit).toBe(2);
  expect(add.stderr.toLowerCase()).toContain(said.toLowerCase());
  expect(add.stderr).not.toContain('word@');
  expect(Object.keys(readStore(store).mcpServers)).toEqual(['linear']);
});

test.each([
  ['https://mcp.linear.app/mcp', 'linear'],
  ['https://api.githubcopilot.com/mcp/', 'githubcopilot'],
  ['https://mcp.example.co.uk/', 'example'],
  ['https://mcp.exa.ai/mcp', 'exa'],
  ['https://example.com', 'example'],
  ['https://intranet/mcp', 'intranet'],
  ['http://localhost:3000/mcp', 'localhost-3000'],
  ['http://127.0.0.1:3000/mcp', 'localhost-3000'],
  ['http://[::1]:3000/mcp', 'localhost-3000'],
  ['https://192.0.2.7:8443/mcp', '192-0-2-7'],
  ['https://[2001:db8::1]/mcp', '2001-db8--1'],
  ['https://mcp.büro.example/', 'xn--bro-hoa'],
])('%s is called %s', (url, name) => {
  expect(deriveServerName(new URL(url), [])).toBe(name);
});

test('a name that is in use gets a number', () => {
  expect(deriveServerName(new URL('https://mcp.linear.app/mcp'), ['linear', 'linear-2'])).toBe('linear-3');
});

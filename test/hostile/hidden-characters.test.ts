/** Invisible characters in files of apps, documents and other programs: the text that is shown is the text that is used. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const hidden = [
  '\u001b[31m',
  '\0',
  '\n',
  '\r',
  '\t',
  '\u007f',
  '\u009b',
  '\u00ad',
  '\u200b',
  '\u202e',
  '\u2028',
  '\u2066',
  '\ufeff',
  '\u{e0041}',
];
const auth = { type: 'bearer', token: 'SECRET', expires_at: 4_000_000_000, issuer: 'https://as.example', client_id: 'c' };
const url = 'https://a.example/mcp';

test.each(hidden)('%j in a URL is refused by all that could store it', async (one) => {
  for (const bad of [`https://a.example/${one}mcp`, `https://a.exa${one}mple/mcp`, `https://a.example/mcp?${one}x`]) {
    const folder = temporaryFolder();
    const store = temporaryStore({});
    const servers = { a: { url: bad }, b: { url: `${bad}\${X:-x}` } };
    writeFileSync(path.join(folder, '.mcp.json'), JSON.stringify({ mcpServers: servers }));
    const taken = run('add --from .mcp.json', { store, folder });
    await taken.exit;
    expect(taken.stderr).toContain('was not added');
    expect(await run(['add', 'x', bad], { store }).exit).toBe(2);
    expect(await run(['login', bad, '--no-browser'], { store }).exit).toBe(2);
    for (const text of [JSON.stringify({ mcpServers: { x: { url: bad, auth } } })]) {
      expect(await run('import', { store, stdin: { text } }).exit).toBe(2);
    }
    expect(Object.keys((JSON.parse(readFileSync(store, 'utf8')) as { mcpServers?: object }).mcpServers ?? {})).toEqual([]);
  }
});

test.each(hidden)('%j in the words of an imported login', async (one) => {
  for (const changed of [
    { issuer: `https://as.example/${one}` },
    { client_id: `c${one}` },
    { scope: `a${one}b` },
    { resource: `${url}${one}` },
  ]) {
    const store = temporaryStore({});
    const text = JSON.stringify({ mcpServers: { x: { url, auth: { ...auth, ...changed } } } });
    expect(await run('import', { store, stdin: { text } }).exit).toBe(2);
    expect(readFileSync(store, 'utf8')).toBe('{}');
  }
});

test.each(hidden)('%j in a store that another program wrote', async (one) => {
  const home = temporaryFolder();
  const bad = `https://a.example/${one}mcp`;
  const store = temporaryStore({
    mcpServers: { a: { url: bad, auth }, [`b${one}`]: { url, auth }, '-x': { url, auth }, good: { url, auth } },
  });
  const options = { store, folder: home, env: { HOME: home } };
  const list = run('list', options);
  expect(await list.exit).toBe(0);
  expect(list.stdout).toContain(new URL(bad).href);
  const names = run('list --names', options);
  await names.exit;
  expect(names.stdout).toBe('a\ngood\n');
  for (const name of ['a', `b${one}`, '-x']) {
    const connect = run(['connect', 'cursor', '--', name], options);
    expect(await connect.exit, connect.stderr).toBe(2);
  }
  expect(await run(['connect', 'cursor', 'good', '--as', `c${one}`], options).exit).toBe(2);
  for (const line of ['login a --no-browser', 'bridge a', 'doctor a']) expect(await run(line, options).exit).toBe(2);
});

test.each(['-x', '--help', 'a b', 'a\u202eb'])('the name %j is invalid', async (name) => {
  const store = temporaryStore({});
  expect(await run(['add', '--', name, url], { store }).exit).toBe(2);
  const text = JSON.stringify({ mcpServers: { [name]: { url, auth } } });
  expect(await run('import', { store, stdin: { text } }).exit).toBe(2);
});

test.each([
  ['https:\\\\a.example\\mcp', url],
  ['HTTPS://A.Example:443/x/../mcp', url],
  [`  ${url}\n`, url],
  ['https://a.example', 'https://a.example'],
  ['https://a.example/b c', 'https://a.example/b%20c'],
])('%j is stored as %s, which is what is used', async (written, stored) => {
  const store = temporaryStore({});
  expect(await run(['add', 'x', written], { store }).exit).toBe(0);
  expect(JSON.parse(readFileSync(store, 'utf8'))).toMatchObject({ mcpServers: { x: { url: stored } } });
});

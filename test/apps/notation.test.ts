/** Variables as each app writes them, in the notation of the store. */
import { describe, expect, test } from 'vitest';
import { readEntryHeaders } from '../../src/apps/entry-headers.js';
import { translateVariables, explainAppVariable } from '../../src/apps/notation.js';

const url = (text: string, bare = false) => translateVariables(text, { isUrl: true, bare });

test.each([
  ['VS Code, Cursor, Roo Code, Windsurf', '${env:BASE}/mcp', '${BASE}/mcp'],
  ['the same in a host', 'https://${env:HOST}.example:${env:PORT}/mcp', 'https://${HOST}.example:${PORT}/mcp'],
  ['the same with a default', '${env:BASE:-https://a.example}/mcp', '${BASE:-https://a.example}/mcp'],
  ['the same with a dot, in capitals, with spaces', '${env.BASE}${ENV:B}${ env:C }', '${BASE}${B}${C}'],
  ['opencode', '{env:BASE}/mcp', '${BASE}/mcp'],
  ['Claude Code, pflow', 'https://${HOST:-a.example}/${PATH}', 'https://${HOST:-a.example}/${PATH}'],
  ['Gemini CLI, in a host', 'https://$HOST:$PORT/mcp', 'https://${HOST}:${PORT}/mcp'],
  ['Gemini CLI, as a whole', '$BASE/mcp', '${BASE}/mcp'],
  ['a name that VS Code has too, asked for by env', '${env:cwd}/mcp', '${cwd}/mcp'],
  ['no variable', 'https://a.example/{id}?$top=5&x=%41b%', 'https://a.example/{id}?$top=5&x=%41b%'],
])('%s: %s', (_, text, ours) => {
  expect(url(text)).toEqual({ text: ours, appVariables: [] });
});

test('$VAR in a path is a variable only where the app has those', () => {
  expect(url('https://a.example/$X', true).text).toBe('https://a.example/${X}');
  expect(url('https://a.example/$X').text).toBe('https://a.example/$X');
});

test.each([
  ['${input:tenant}', 'which the app asks you for'],
  ['{file:/etc/host}', 'which the app reads from a file'],
  ['${file:/etc/host}', 'which the app reads from a file'],
  ['${command:x.y}', 'which the app gets from a command'],
  ['${cmd: pass show x}', 'which the app gets from a command'],
  ['${workspaceFolder}', 'which only the app can resolve'],
  ['${workspaceFolder:root}', 'which only the app can resolve'],
  ['${userHome}', 'which only the app can resolve'],
  ['${config:a.b}', 'which only the app can resolve'],
  ['${{ secrets.HOST }}', 'which only the app can resolve'],
  ['{{TENANT}}', 'which only the app can resolve'],
  ['${env:MY-HOST}', 'which only the app can resolve'],
  ['${HOST:?no}', 'which only the app can resolve'],
  ['%HOST%', 'which is not a variable in any app'],
])('%s is told', (written, whose) => {
  expect(url(`https://${written}.example/mcp`)).toEqual({ text: `https://${written}.example/mcp`, appVariables: [written] });
  expect(explainAppVariable(written)).toBe(whose);
});

test('a variable as the default of a variable is reported', () => {
  expect(url('${A:-${env:B}}/mcp').appVariables).toEqual(['${A:-${B}']);
});

test('a long text of beginnings is read in one go', () => {
  for (const piece of ['${', '${a:-', '{env:', '{{', '$a', '%a']) expect(url(piece.repeat(60_000)).text).not.toBe('');
});

describe('headers of an entry', () => {
  const of = (entry: Record<string, unknown>, bare = false) => readEntryHeaders(entry, { bare });

  test.each([
    ['headers', { headers: { 'x-tenant': '${env:TENANT}' } }, '${TENANT}'],
    ['http_headers', { http_headers: { 'x-tenant': 'acme' } }, 'acme'],
    ['requestOptions.headers', { requestOptions: { headers: { 'x-tenant': 'acme' } } }, 'acme'],
    ['remote.headers', { remote: { headers: { 'x-tenant': 'acme' } } }, 'acme'],
    ['env_http_headers', { env_http_headers: { 'x-tenant': 'TENANT' } }, '${TENANT}'],
    ['mcp-remote', { command: 'npx', args: ['mcp-remote', 'https://a.example', '--header', 'x-tenant: acme'] }, 'acme'],
    ['its env', { command: 'npx', args: ['mcp-remote', 'x', '--header', 'x-tenant:${T} ${U}'], env: { T: 'acme' } }, 'acme ${U}'],
    ['a number', { headers: { 'x-tenant': 7 } }, '7'],
  ])('%s', (_, entry, value) => {
    expect(of(entry)).toEqual([{ name: 'x-tenant', value, isSecret: false }]);
  });

  test('$VAR where the app has those', () => {
    expect(of({ headers: { 'x-tenant': '$TENANT' } }, true)[0]?.value).toBe('${TENANT}');
    expect(of({ headers: { 'x-tenant': '$TENANT' } })[0]?.value).toBe('$TENANT');
  });

  test('those of every request are none of it', () => {
    expect(of({ headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json', Host: 'x', 'Mcp-Session-Id': '1' } })).toEqual(
      [],
    );
  });

  test.each([
    ['Authorization', 'Bearer x', 'the login replaces it'],
    ['x-key', '${input:key}', 'its value has “${input:key}”, which the app asks you for'],
    ['x-key', 'a\r\nEvil: b', 'it is not a valid header'],
    ['x-key', '\u202e', 'it is not a valid header'],
    ['x key', 'a', 'it is not a valid header'],
    ['x-key\r\nEvil', 'a', 'it is not a valid header'],
  ])('%j: %j is not taken', (name, value, problem) => {
    expect(of({ headers: { [name]: value } })).toEqual([expect.objectContaining({ name, problem })]);
  });

  test.each([
    ['X-API-Key', 'abc', true],
    ['x-whatever', 'ghp_0123456789abcdef0123456789abcdef0123', true],
    ['Cookie', 'a=b', true],
    ['X-API-Key', '${KEY}', false],
    ['X-API-Key', 'Bearer ${KEY}', false],
    ['X-API-Key', '${KEY:-abc}', true],
    ['x-tenant', 'acme', false],
  ])('%s: %s: a secret in the clear? %s', (name, value, isSecret) => {
    expect(of({ headers: { [name]: value } })[0]?.isSecret).toBe(isSecret);
  });
});

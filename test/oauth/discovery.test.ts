/** The first response of an MCP server, to a request without a token. */
import { expect, test } from 'vitest';
import type { Exchange } from '../helpers/fake-server.js';
import { fakeServer } from '../helpers/servers.js';
import { bare401, fails, none, oauthAddress, reachesThePerson } from './discovering.js';

test('a server that accepts requests without a token needs no login', async () => {
  const { code, said } = await fails(() => [{ want: 'POST /mcp', respond: { json: { jsonrpc: '2.0', id: 0, result: {} } } }]);
  expect(code).toBe(1);
  expect(said).toContain('does not require a login');
});

test('a page of HTML is not an MCP server', async () => {
  const { code, said } = await fails(() => [{ want: 'POST /mcp', respond: { text: '<html></html>' } }]);
  expect(code).toBe(1);
  expect(said).toContain('does not respond like an MCP server');
});

test('a server that requires a token but names no authorization server', async () => {
  const { code, said } = await fails(() => [bare401, none(oauthAddress), none('POST /register')]);
  expect(code).toBe(1);
  expect(said).toContain('does not say which authorization server issues it');
});

test('a failing server: exit code 6', async () => {
  const { code } = await fails(() => [{ want: 'POST /mcp', respond: { status: 503 } }]);
  expect(code).toBe(6);
});

test('a server that closes the connection: exit code 6', async () => {
  const { code, said } = await fails(() => [{ want: 'POST /mcp', respond: 'drop' }]);
  expect(code).toBe(6);
  expect(said).toContain('could not be reached');
});

test.each([301, 302, 303, 307, 308])('a redirect (%i) to the same URL with a slash at the end is followed', async (status) => {
  const { server, parameters } = await reachesThePerson((origin): Exchange[] => [
    { want: 'POST /mcp', respond: { status, headers: { location: '/mcp/' } } },
    { want: 'POST /mcp/', respond: { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } } },
  ]);
  expect(server.asked('GET /prm')).toHaveLength(1);
  expect(parameters.get('resource')).toBe(server.url);
});

test('a redirect to another server is named, but not followed', async () => {
  const elsewhere = await fakeServer();
  const { code, said } = await fails(() => [
    { want: 'POST /mcp', respond: { status: 308, headers: { location: `${elsewhere.origin}/mcp` } } },
    none('GET /prm'),
  ]);
  expect(code).toBe(1);
  expect(said).toContain(`It redirects to “${elsewhere.origin}/mcp”: try that URL.`);
  expect(elsewhere.requests).toEqual([]);
});

test('a redirect loop is not followed forever', async () => {
  const { code, server } = await fails(() => [
    { want: 'POST /mcp', respond: { status: 308, headers: { location: '/mcp/' } } },
    { want: 'POST /mcp/', respond: { status: 308, headers: { location: '/mcp' } } },
  ]);
  expect(code).toBe(1);
  expect(server.requests.filter(({ line }) => line.startsWith('POST')).length).toBeLessThan(10);
});

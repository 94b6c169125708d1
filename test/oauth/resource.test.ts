/** Resource identifiers: RFC 8707 section 2. */
import { expect, test } from 'vitest';
import { isResourceFor } from '../../src/oauth/resource.js';

const server = new URL('https://mcp.example/team/mcp?key=1');

test.each([
  'https://mcp.example/team/mcp?key=1',
  'https://mcp.example/team/mcp',
  'https://mcp.example/team/mcp/',
  'https://mcp.example/team',
  'https://mcp.example/',
  'https://mcp.example',
  'HTTPS://MCP.example:443/team',
])('%s is a resource for the server', (resource) => {
  expect(isResourceFor(resource, server)).toBe(true);
});

test.each([
  'https://mcp.example/team/mcp?key=2',
  'https://mcp.example/tea',
  'https://mcp.example/team/mcp/more',
  'http://mcp.example/team',
  'https://mcp.example:444/team',
  'https://other.example@mcp.example/team',
  'https://:@mcp.example/team',
  'https://mcp.example/team#part',
  'https://mcp.example/#',
  'https://mcp.example\\team',
  'https://other.example\\@mcp.example/team',
  'https://mcp.example/x/../team',
  'https://mcp.example/x/%2e%2e/team',
  'https://mcp.example/x/.%2E/team',
  'https://mcp.example/./team',
  'https://mcp.example/te\tam',
  ' https://mcp.example/team',
  'https://mcp.example/team\n',
  'https:mcp.example/team',
  'https:///mcp.example/team',
  'https://mcp.ex%61mple/team',
  '',
])('%j is not a resource for the server', (resource) => {
  expect(isResourceFor(resource, server)).toBe(false);
});

test('the server’s own path is accepted, however it is written', () => {
  const odd = new URL('https://mcp.example/a;b/c%2Fd//mcp?key=1');
  expect(isResourceFor('https://mcp.example/a;b/c%2Fd//mcp', odd)).toBe(true);
  expect(isResourceFor('https://mcp.example/a;b/', odd)).toBe(false);
  expect(isResourceFor('https://mcp.example/', odd)).toBe(true);
});

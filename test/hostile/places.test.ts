/** Where a server may lead a login, and whose exceptions an issuer may have: by their addresses alone. */
import { expect, test } from 'vitest';
import { findRedirectTarget } from '../../src/oauth/server-url.js';
import { findVendor } from '../../src/oauth/vendors/index.js';

const from = new URL('https://h.example/a/mcp');

test.each([
  ...['//evil.example/a/mcp', '\\\\evil.example', 'https://h.example:444/a/mcp/', 'https://u:p@h.example/a/mcp/', '/b/mcp', '/a/../b/mcp'],
  ...['/a/%2e%2e/b', '/a/.%2e/b', '/a/%252e%252e/b', '/a/..%252fb', '/a/..%2fb', '/a/..%5cb', '/a\\..\\b', '/a//x', '/a/x;y', '/a/x%00'],
])('a redirect to %s does not take the login along', (location) => {
  for (const status of [301, 302, 303, 307, 308]) expect(findRedirectTarget({ status, location }, from)?.href).toBeUndefined();
});

test.each([
  'https://github.com/evil/repository/raw/main',
  'https://github.com.evil.example/login/oauth',
  'https://login.microsoftonline.com.evil.example/common/v2.0',
  'https://evilciamlogin.com/x',
  'https://evil.slack.com',
  'http://slack.com',
])('%s is not the issuer of a vendor', (issuer) => {
  expect(findVendor(issuer)).toBeUndefined();
});

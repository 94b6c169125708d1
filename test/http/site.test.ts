/** Which host names belong to one owner: the public suffix list. */
import { expect, test } from 'vitest';
import { isSameSite } from '../../src/http/site.js';

test.each([
  { one: 'https://login.example.com', other: 'https://api.example.com:8443/token', isSame: true },
  { one: 'https://example.com', other: 'https://example.com.', isSame: true },
  { one: 'https://phish.co.uk', other: 'https://bank.co.uk', isSame: false },
  { one: 'https://login.bank.co.uk', other: 'https://bank.co.uk', isSame: true },
  { one: 'https://one.github.io', other: 'https://other.github.io', isSame: false },
  { one: 'https://one.vercel.app', other: 'https://other.vercel.app', isSame: false },
  { one: 'https://github.io', other: 'https://one.github.io', isSame: false },
  { one: 'https://auth.corp.internal', other: 'https://mcp.corp.internal', isSame: true },
  { one: 'https://10.0.0.1', other: 'https://10.0.0.2', isSame: false },
  { one: 'https://10.0.0.1', other: 'https://10.0.0.1:444', isSame: false },
  { one: 'https://10.0.0.1', other: 'https://10.0.0.1:443', isSame: true },
  { one: 'http://127.0.0.1:8080', other: 'http://localhost:8080', isSame: true },
  { one: 'http://127.0.0.1:8080', other: 'http://127.0.0.1:8081', isSame: false },
  { one: 'http://127.0.0.2:8080', other: 'http://127.0.0.1:8080', isSame: false },
  { one: 'http://[::1]:80', other: 'http://localhost', isSame: true },
  { one: 'https://xn--fiq228c.com', other: 'https://中文.com', isSame: true },
])('$one and $other: $isSame', ({ one, other, isSame }) => {
  expect(isSameSite(new URL(one), new URL(other))).toBe(isSame);
  expect(isSameSite(new URL(other), new URL(one))).toBe(isSame);
});

import { expect, test } from 'vitest';
import { isSameIssuer } from '../../src/oauth/issuer.js';
import { isSameResource } from '../../src/oauth/resource.js';

test.each<{ found: unknown; expected: string; same: boolean }>([
  { found: 'https://a.example', expected: 'https://a.example', same: true },
  { found: 'https://a.example/', expected: 'https://a.example', same: true },
  { found: 'https://a.example/b', expected: 'https://a.example/b/', same: true },
  { found: 'https://a.example//', expected: 'https://a.example', same: false },
  { found: 'https://A.example', expected: 'https://a.example', same: false },
  { found: 'https://a.example:443', expected: 'https://a.example', same: false },
  { found: 'https://a.example/%62', expected: 'https://a.example/b', same: false },
  { found: 'https://a.example/?x', expected: 'https://a.example', same: false },
  { found: 'http://a.example', expected: 'https://a.example', same: false },
  { found: ['https://a.example'], expected: 'https://a.example', same: false },
  { found: undefined, expected: '', same: false },
])('the issuer $found is the same as $expected: $same', ({ found, expected, same }) => {
  expect(isSameIssuer(found, expected)).toBe(same);
});

test.each<{ one: string; other: string; same: boolean }>([
  { one: 'https://A.example:443/mcp/', other: 'https://a.example/mcp', same: true },
  { one: 'https://a.example', other: 'https://a.example/', same: true },
  { one: 'https://a.example/mcp', other: 'https://a.example', same: false },
  { one: 'https://a.example/mcp?tenant=1', other: 'https://a.example/mcp', same: false },
])('the resource $one is the same as $other: $same', ({ one, other, same }) => {
  expect(isSameResource(one, other)).toBe(same);
});

/** The fast path prints what the whole program would print, or leaves it to that. */
import { chmodSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answerQuickly } from '../../src/fast-path/quick.js';
import { temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const now = Date.now();
const url = 'https://a.example/mcp';
const fresh = { type: 'bearer', token: 'token-1', expires_at: Math.floor(now / 1000) + 3600, issued_at: Math.floor(now / 1000) };
const storeWith = (auth: object, entry: object = {}) => temporaryStore({ mcpServers: { demo: { type: 'http', url, auth, ...entry } } });
const answer = (line: string, store: string) => answerQuickly({ argv: line.split(' '), variables: { MCP_AUTH_STORE: store }, now });

test.each(['token demo', 'headers demo', 'token demo --store STORE', 'headers demo --store STORE'])(
  '%s prints what the whole program prints',
  async (line) => {
    for (const auth of [fresh, { ...fresh, resource: 'https://a.example', refresh_token: 'r' }, { ...fresh, token: 'é\u202e' }]) {
      const store = storeWith(auth);
      const whole = run(line.replace('STORE', store), { store });
      expect(await whole.exit).toBe(0);
      expect(answer(line.replace('STORE', store), store)).toBe(whole.stdout);
    }
  },
);

describe('left to the whole program:', () => {
  test.each([
    {
      what: 'a token that expires soon',
      auth: { ...fresh, issued_at: Math.floor(now / 1000) - 3600, expires_at: Math.floor(now / 1000) + 59 },
    },
    { what: 'a token without an expiry', auth: { ...fresh, expires_at: undefined } },
    { what: 'a DPoP-bound token', auth: { ...fresh, type: 'dpop' } },
    { what: 'a token that was issued in the future', auth: { ...fresh, issued_at: Math.floor(now / 1000) + 1000 } },
    { what: 'a token for another resource', auth: { ...fresh, resource: 'https://b.example/mcp' } },
    { what: 'an API key', auth: { type: 'api_key', token: 'x' } },
    { what: 'no login', auth: undefined },
  ])('$what', ({ auth }) => {
    const store = temporaryStore({ mcpServers: { demo: { url, auth } } });
    expect(answer('token demo', store)).toBeUndefined();
  });

  test.each([
    'token',
    'token none',
    'token --help',
    'token demo --min-ttl 5',
    'token demo extra',
    'token demo --store',
    'list',
    'headers',
    'constructor demo',
    '',
  ])('“%s”', (line) => {
    expect(answer(line, storeWith(fresh))).toBeUndefined();
  });

  test('a store that does not exist, is invalid, or has a warning', () => {
    expect(answer('token demo', '/nonexistent/mcp-servers.json')).toBeUndefined();
    expect(answer('token demo', temporaryStore('{'))).toBeUndefined();
    const store = storeWith(fresh);
    chmodSync(store, 0o644);
    expect(answer('token demo', store)).toBeUndefined();
  });

  test('a URL with a variable, of a login for one resource', () => {
    expect(answer('token demo', storeWith({ ...fresh, resource: url }, { url: 'https://${HOST}/mcp' }))).toBeUndefined();
  });
});

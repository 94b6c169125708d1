/** The relay among strangers: terminals, browsers and sites that attack it, and a relay that attacks its terminal. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMemoryStore } from '../../src/relay/memory-store.js';
import { seal } from '../../src/relay-protocol/seal.js';
import { steppedClock } from '../helpers/clock.js';
import { temporaryStore } from '../helpers/folder.js';
import { listening } from '../helpers/listening.js';
import { createTestTerminal, startRelay, TestBrowser, type TestRelay, type TestTerminal } from '../helpers/relay.js';
import { shownAddress, withPreferences } from '../helpers/relayed.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

interface Scene {
  readonly relay: TestRelay;
  /** Waits in a session of its own, with the short code BCDFGH. */
  readonly terminal: TestTerminal;
  /** Has opened the page of that session. */
  readonly victim: TestBrowser;
  /** Has opened it too: the attacker has the address, and writes any header. */
  readonly attacker: TestBrowser;
}

interface RelayAttack {
  readonly source: string;
  readonly attack: string;
  readonly mode?: 'query' | 'fragment';
  readonly act: (scene: Scene) => Promise<void>;
}

const pageOf = ({ id }: TestTerminal) => `/s/${id}`;
const codeOf = ({ id }: TestTerminal) => `/s/${id}/code`;
const responseOf = ({ id }: TestTerminal) => `/s/${id}/response`;
const callbackOf = ({ state }: TestTerminal, code = 'SECRET-code') => `/callback?code=${code}&state=${state}`;
const sealFor = ({ id, state, keys }: TestTerminal) =>
  seal({ text: `code=SECRET-code&state=${state}`, publicKey: keys.publicKey, context: id });

/** Whether the terminal of the session gets an answer now. */
async function isReleased({ relay, terminal }: Scene): Promise<boolean> {
  const leaving = new AbortController();
  const waiting = terminal.answer(relay, leaving.signal).then(({ status }) => status === 200);
  const isWaiting = relay.clock.waitForAlarm(25_000).then(() => false);
  const released = await Promise.race([waiting, isWaiting]);
  leaving.abort();
  await waiting.catch(() => undefined);
  return released;
}

/** Sends a request line that no client of HTTP would send. */
async function sendRaw({ origin }: TestRelay, line: string): Promise<string> {
  const socket = createConnection(Number(new URL(origin).port), '127.0.0.1');
  socket.end(`${line} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n`);
  let text = '';
  socket.on('data', (chunk) => void (text += String(chunk)));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return text;
}

const attacks: readonly RelayAttack[] = [
  {
    source: 'RFC 8628 section 5.4',
    attack: 'the attacker, whose terminal it is, enters the code for the victim who was made to approve',
    act: async (scene) => {
      const { relay, terminal, victim, attacker } = scene;
      expect((await victim.get(relay, callbackOf(terminal))).status).toBe(303);
      expect((await attacker.get(relay, codeOf(terminal))).status).toBe(403);
      expect((await attacker.post(relay, codeOf(terminal), { code: 'BCDFGH' })).status).toBe(403);
      expect(await isReleased(scene)).toBe(false);
    },
  },
  {
    source: 'RFC 8628 section 5.4',
    attack: 'the same where the page seals the response',
    mode: 'fragment',
    act: async (scene) => {
      const { relay, terminal, victim, attacker } = scene;
      const body = { sealed: await sealFor(terminal), is_error: false };
      expect((await victim.postJson(relay, responseOf(terminal), body)).status).toBe(204);
      expect((await attacker.post(relay, codeOf(terminal), { code: 'BCDFGH' })).status).toBe(403);
      expect(await isReleased(scene)).toBe(false);
    },
  },
  {
    source: 'RFC 8628 section 5.4',
    attack: 'the attacker makes up the cookie of a browser',
    act: async (scene) => {
      const { relay, terminal, victim } = scene;
      await victim.get(relay, callbackOf(terminal));
      for (const value of ['1', '', 'A'.repeat(22)]) {
        const headers = { cookie: `__Host-mcp-auth-${terminal.id}=${value}`, origin: 'https://relay.example' };
        const body = new URLSearchParams({ code: 'BCDFGH' });
        expect((await fetch(relay.origin + codeOf(terminal), { method: 'POST', headers, body })).status).toBe(403);
      }
      expect(await isReleased(scene)).toBe(false);
    },
  },
  {
    source: 'RFC 9700 section 4.7',
    attack: 'a response from the attacker’s browser, with the attacker’s account: the victim cannot finish it with the code',
    act: async (scene) => {
      const { relay, terminal, victim, attacker } = scene;
      await attacker.get(relay, callbackOf(terminal));
      const page = await victim.get(relay, callbackOf(terminal));
      expect([page.status, await page.text()]).toEqual([403, expect.stringContaining('another browser')]);
      expect((await victim.get(relay, pageOf(terminal))).status).toBe(403);
      expect((await victim.get(relay, codeOf(terminal))).status).toBe(403);
      expect((await victim.post(relay, codeOf(terminal), { code: 'BCDFGH' })).status).toBe(403);
      expect(await isReleased(scene)).toBe(false);
    },
  },
  {
    source: 'RFC 9700 section 4.7',
    attack: 'a response in a browser that has not opened the page',
    act: async (scene) => {
      const { relay, terminal } = scene;
      expect((await new TestBrowser().get(relay, callbackOf(terminal))).status).toBe(403);
      expect((await scene.victim.get(relay, codeOf(terminal))).status).toBe(409);
    },
  },
  {
    source: 'RFC 9700 section 4.7',
    attack: 'another site sends the code, or a sealed response',
    mode: 'fragment',
    act: async ({ relay, terminal, victim }) => {
      const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      const body = { sealed: await sealFor(terminal), is_error: false };
      expect((await victim.postJson(relay, responseOf(terminal), body, foreign)).status).toBe(403);
      await victim.postJson(relay, responseOf(terminal), body);
      expect((await victim.post(relay, codeOf(terminal), { code: 'BCDFGH' }, foreign)).status).toBe(403);
    },
  },
  {
    source: 'RFC 9700 section 4.5',
    attack: 'a second response replaces the first',
    act: async ({ relay, terminal, victim }) => {
      await victim.get(relay, callbackOf(terminal, 'first'));
      expect((await victim.get(relay, callbackOf(terminal, 'second'))).status).toBe(409);
      void victim.post(relay, codeOf(terminal), { code: 'BCDFGH' });
      const { sealed } = (await (await terminal.answer(relay)).json()) as { sealed: string };
      expect(await terminal.open(sealed)).toContain('code=first');
      await terminal.outcome(relay, true);
    },
  },
  {
    source: 'RFC 8628 section 5.1',
    attack: 'more than five codes are tried, many at once and after the session was opened again',
    act: async ({ relay, terminal, victim }) => {
      await victim.get(relay, callbackOf(terminal));
      const guess = () => victim.post(relay, codeOf(terminal), { code: 'ZZZZZZ' });
      await Promise.all([guess(), guess(), guess()]);
      await terminal.put(relay);
      await Promise.all([guess(), guess(), guess(), guess()]);
      expect(await (await fetch(`${relay.origin}/metrics`)).text()).toMatch(/^mcp_auth_relay_wrong_codes_total 5$/m);
      expect((await victim.post(relay, codeOf(terminal), { code: 'BCDFGH' })).status).toBe(410);
    },
  },
  {
    source: 'RFC 8628 section 5.1',
    attack: 'a stranger with the address uses up the tries of the victim',
    act: async ({ relay, terminal, victim, attacker }) => {
      await victim.get(relay, callbackOf(terminal));
      for (let tries = 0; tries < 5; tries += 1) await attacker.post(relay, codeOf(terminal), { code: 'ZZZZZZ' });
      const finished = victim.post(relay, codeOf(terminal), { code: 'BCDFGH' });
      expect((await terminal.answer(relay)).status).toBe(200);
      await terminal.outcome(relay, true);
      expect(await (await finished).text()).toContain('You are logged in');
    },
  },
  {
    source: 'CWE-639',
    attack: 'the answer, the end and the removal of a session, for a stranger who knows its address',
    act: async ({ relay, terminal }) => {
      const at = relay.origin + pageOf(terminal);
      for (const authorization of [undefined, 'Bearer x', `Bearer ${terminal.message.secret_hash}`, `Basic ${terminal.secret}`]) {
        const headers = { ...(authorization !== undefined && { authorization }) };
        expect((await fetch(`${at}/answer`, { headers })).status).toBe(401);
        expect((await fetch(`${at}/outcome`, { method: 'POST', headers, body: '{"ok":true}' })).status).toBe(401);
        expect((await fetch(at, { method: 'DELETE', headers })).status).toBe(401);
        expect((await fetch(at, { method: 'PUT', headers, body: JSON.stringify(terminal.message) })).status).toBe(401);
      }
    },
  },
  {
    source: 'CWE-400',
    attack: 'a stranger who knows the address ends the waits of the terminal, which would ask again without a pause',
    act: async ({ relay, terminal }) => {
      const leaving = new AbortController();
      const waiting = terminal.answer(relay, leaving.signal).then(
        () => 'ended',
        () => 'left',
      );
      await relay.clock.waitForAlarm(25_000);
      for (let count = 0; count < 5; count += 1)
        await fetch(`${relay.origin}${pageOf(terminal)}/answer`, { headers: { authorization: 'Bearer x' } });
      // What has been sent before is received before.
      await fetch(`${relay.origin}/healthz`);
      leaving.abort();
      expect(await waiting).toBe('left');
    },
  },
  {
    source: 'CWE-345',
    attack: 'another key for the name of a session',
    act: async ({ relay, terminal }) => {
      const other = await createTestTerminal();
      expect((await terminal.put(relay, { public_key: other.keys.publicKey })).status).toBe(401);
      const key = (await (await fetch(`${relay.origin}${pageOf(terminal)}/key`)).json()) as { public_key: string };
      expect(key.public_key).toBe(terminal.keys.publicKey);
    },
  },
  ...[
    'javascript:alert(1)//https://as.example',
    'data:text/html,x',
    'https://as.example@evil.example/',
    'http://as.example/authorize',
    '//as.example',
  ].map((url): RelayAttack => ({
    source: 'RFC 9700 section 4.11',
    attack: `the page leads to ${url}`,
    act: async ({ relay }) => {
      expect((await (await createTestTerminal()).put(relay, { authorization_url: url })).status).toBe(400);
    },
  })),
  {
    source: 'CWE-1007',
    attack: 'the host of the page to approve at looks like another one',
    act: async ({ relay, terminal, victim }) => {
      await terminal.put(relay, { authorization_url: 'https://аs.example\\@evil.example/' });
      const page = await (await victim.get(relay, pageOf(terminal))).text();
      expect(page).toContain('<dd>xn--s-7sb.example</dd>');
      expect(page).toContain('Continue to xn--s-7sb.example');
    },
  },
  {
    source: 'CWE-79',
    attack: 'HTML in the names that the terminal sends, and in the error of the authorization server',
    act: async ({ relay, terminal, victim }) => {
      const hostile = `</dd></title><script>alert(1)</script><img src=x onerror='x'>\u202e\u0000`;
      await terminal.put(relay, { server: hostile, scope: hostile, authorization_url: `https://as.example/?"><script>` });
      const page = await (await victim.get(relay, pageOf(terminal))).text();
      const query = new URLSearchParams({ state: terminal.state, error: hostile, error_description: hostile });
      const failed = await (await victim.get(relay, `/callback?${query.toString()}`)).text();
      for (const text of [page, failed]) {
        expect(text).not.toMatch(/<script|<img/);
        // eslint-disable-next-line no-control-regex -- that is the point
        expect(text).not.toMatch(/[\u0000\u202e]/);
      }
    },
  },
  ...['/\\evil.example/metrics', '//evil.example/metrics', '/x/../metrics', '/%2e/metrics', 'http://evil.example/metrics', '*'].map(
    (target): RelayAttack => ({
      source: 'CWE-436',
      attack: `the path ${target}, which a proxy reads in another way`,
      act: async ({ relay }) => {
        expect(await sendRaw(relay, `GET ${target}`)).toMatch(/^HTTP\/1\.1 400 /);
      },
    }),
  ),
  ...['HEAD', 'OPTIONS', 'POST', 'TRACE', 'PROPFIND'].map((method): RelayAttack => ({
    source: 'CWE-650',
    attack: `${method} at the redirect URI is no response of a login`,
    act: async (scene) => {
      expect(await sendRaw(scene.relay, `${method} ${callbackOf(scene.terminal)}`)).not.toMatch(/^HTTP\/1\.1 [23]|SECRET/);
      expect((await scene.victim.get(scene.relay, codeOf(scene.terminal))).status).toBe(409);
    },
  })),
  {
    source: 'CWE-644',
    attack: 'the Host of a request does not get into an address',
    act: async ({ relay, terminal }) => {
      for (const path of ['/', '/client.json', pageOf(terminal), '/callback'])
        expect(await sendRaw(relay, `GET ${path}`)).not.toContain('evil.example');
    },
  },
  {
    source: 'CWE-1321',
    attack: '__proto__ and constructor in what a terminal and a page send',
    mode: 'fragment',
    act: async ({ relay, terminal, victim }) => {
      const headers = { authorization: `Bearer ${terminal.secret}` };
      const body = `{"__proto__":{"end":"logged_in","answer":{"isError":true}},"constructor":1,${JSON.stringify(terminal.message).slice(1)}`;
      expect((await fetch(relay.origin + pageOf(terminal), { method: 'PUT', headers, body })).status).toBe(200);
      expect((await victim.get(relay, pageOf(terminal))).status).toBe(200);
      expect((await victim.postJson(relay, responseOf(terminal), JSON.parse('{"__proto__":{"sealed":"x"}}') as object)).status).toBe(400);
      expect(({} as Record<string, unknown>)['end']).toBeUndefined();
    },
  },
  {
    source: 'CWE-770',
    attack: 'a site opens the pages of many sessions: the cookies of a browser stay few',
    act: async ({ relay, victim }) => {
      for (let count = 0; count < 60; count += 1) {
        relay.clock.advance(3000);
        const other = await createTestTerminal();
        expect((await other.put(relay)).status).toBe(201);
        expect((await victim.get(relay, pageOf(other))).status).toBe(200);
      }
      expect(victim.cookies.length).toBeLessThanOrEqual(20);
      expect(victim.cookies.join('; ').length).toBeLessThan(2000);
    },
  },
  {
    source: 'CWE-290',
    attack: 'a made-up X-Forwarded-For, where the relay trusts no proxy, opens no more sessions',
    act: async ({ relay }) => {
      const statuses: number[] = [];
      for (let count = 0; count < 20; count += 1) {
        const { id, message, secret } = await createTestTerminal();
        const headers = { authorization: `Bearer ${secret}`, 'x-forwarded-for': `192.0.2.${count}` };
        statuses.push((await fetch(`${relay.origin}/s/${id}`, { method: 'PUT', headers, body: JSON.stringify(message) })).status);
      }
      expect(statuses.filter((status) => status === 201)).toHaveLength(19);
    },
  },
];

/** One source: an RFC with its section, or the number of a known weakness. */
const publicSource = /^(RFC \d{4} section \d+(\.\d+)*|CWE-\d+)$/;

test('each row has its source, and no two are alike', () => {
  expect(new Set(attacks.map(({ attack }) => attack)).size).toBe(attacks.length);
  for (const { source } of attacks) expect(source).toMatch(publicSource);
});

test.each(attacks)('$attack ($source)', async ({ act, mode = 'query' }) => {
  const clock = steppedClock();
  const relay = await startRelay({ store: createMemoryStore({ clock }), clock });
  const terminal = await createTestTerminal({ response_mode: mode });
  expect((await terminal.put(relay)).status).toBe(201);
  const [victim, attacker] = [new TestBrowser(), new TestBrowser()];
  for (const browser of [victim, attacker]) await browser.get(relay, pageOf(terminal));
  await act({ relay, terminal, victim, attacker });
  const metrics = await (await fetch(`${relay.origin}/metrics`)).text();
  for (const secret of ['SECRET', terminal.id, terminal.secret, 'BCDFGH', 'example', '127.0.0.1'])
    expect([...relay.log, metrics].join('\n')).not.toContain(secret);
});

describe('a relay that attacks its terminal', () => {
  test.each([
    ['ends every wait at once', 204, ''],
    ['never knows the session, which it opens again and again', 404, '{}'],
    ['sends answers without content', 200, '{"sealed":7}'],
    ['sends what is no JSON', 200, '\u001b[2J'],
    ['sends more than it may', 200, 'x'.repeat(2_000_000)],
    ['redirects to another host', 307, ''],
  ])('it %s: the terminal waits longer and longer between two requests, until its time is up (CWE-834)', async (_, status, text) => {
    let asked = 0;
    const evil = await listening((request, response) => {
      const { url = '', method = '' } = request;
      request.resume();
      if (url.endsWith('/answer')) asked += 1;
      const origin = `http://127.0.0.1:${evil.port}`;
      if (url === '/client.json') response.end(JSON.stringify({ mcp_auth_relay: 1, client_id: `${origin}/client.json` }));
      else if (method === 'GET') response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end(text);
      else response.writeHead(200).end('{}');
    });
    const server = await fakeServer();
    const env = withPreferences({ relay: `http://127.0.0.1:${evil.port}` });
    const login = run(`login ${server.url} --no-browser --flow relay --timeout 120`, { store: temporaryStore(), env, stdin: 'open' });
    onTestFinished(() => login.interrupt());
    await shownAddress(login);
    expect(await login.exit).not.toBe(0);
    expect(asked).toBeLessThan(20);
    // eslint-disable-next-line no-control-regex -- that is the point
    expect(login.stdout + login.stderr).not.toMatch(/\u001b\[2J/);
    expect(server.asked('POST /token')).toEqual([]);
  });
});

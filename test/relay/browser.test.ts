/** The relay as the browser of the user sees it, and what it keeps, logs and counts. */
import { describe, expect, test } from 'vitest';
import { hashSource } from '../../src/relay/page.js';
import type { OpenMessage } from '../../src/relay-protocol/messages.js';
import { seal } from '../../src/relay-protocol/seal.js';
import { createMemoryStore } from '../../src/relay/memory-store.js';
import { steppedClock } from '../helpers/clock.js';
import {
  createTestTerminal,
  describeWithStores,
  startRelay,
  TestBrowser,
  type TestRelay,
  type TestRelayOptions,
} from '../helpers/relay.js';

async function startInMemory(options: Partial<TestRelayOptions> = {}) {
  const clock = steppedClock();
  return startRelay({ store: createMemoryStore({ clock }), clock, ...options });
}

/** A terminal that has opened a session, and a browser that has opened its page. */
async function openPage(relay: TestRelay, message: Partial<OpenMessage> = {}) {
  const terminal = await createTestTerminal(message);
  const browser = new TestBrowser();
  await terminal.put(relay);
  await browser.get(relay, `/s/${terminal.id}`);
  return { terminal, browser };
}

describeWithStores((stores, name) => {
  const start = async () => {
    const clock = steppedClock();
    return startRelay({ store: await stores.create(clock), clock });
  };

  test('the whole way by the query: nothing that is kept, logged or counted has the code or says who logs in where', async () => {
    const relay = await start();
    const terminal = await createTestTerminal();
    const browser = new TestBrowser();
    await terminal.put(relay);
    const page = await browser.get(relay, `/s/${terminal.id}`);
    expect(await page.text()).toMatch(
      /https:\/\/mcp\.example\/mcp[^]*as\.example[^]*read write[^]*href="https:\/\/as\.example\/authorize\?client_id=x"/,
    );
    const redirected = await browser.get(relay, `/callback?code=the-secret-code&state=${terminal.state}&iss=https%3A%2F%2Fas.example`);
    expect([redirected.status, redirected.headers.get('location')]).toEqual([303, `/s/${terminal.id}/code`]);
    const kept = await stores.dump();
    expect(kept).toContain('sealed');
    expect(kept).not.toContain('the-secret-code');
    expect(kept).not.toContain(terminal.secret);
    const form = await (await browser.get(relay, `/s/${terminal.id}/code`)).text();
    expect(form).toContain('<label for="code">');
    const waiting = terminal.answer(relay);
    const posted = browser.post(relay, `/s/${terminal.id}/code`, { code: ' bcd fgh' });
    const { sealed, code } = (await (await waiting).json()) as { sealed: string; code: string };
    expect(code).toBe('BCDFGH');
    expect(await terminal.open(sealed)).toBe(`code=the-secret-code&state=${terminal.state}&iss=https%3A%2F%2Fas.example`);
    await terminal.outcome(relay, false);
    expect(await (await posted).text()).toContain('The login failed');
    expect(await (await browser.get(relay, `/s/${terminal.id}/code`)).text()).toContain('The login failed');
    expect(await stores.dump()).not.toContain(sealed);

    const metrics = await (await fetch(`${relay.origin}/metrics`)).text();
    expect(metrics).toMatch(/^mcp_auth_relay_sessions 1$/m);
    expect(metrics).toMatch(/^mcp_auth_relay_opened_total 1$/m);
    expect(metrics).toMatch(/^mcp_auth_relay_answered_total 1$/m);
    expect(metrics).toMatch(/^mcp_auth_relay_wrong_codes_total 0$/m);
    const said = [...relay.log, metrics].join('\n');
    expect(relay.log).toContainEqual(expect.stringMatching(/^GET \/callback 303 \d+ ms$/));
    expect(relay.log).toContainEqual(expect.stringMatching(/^POST \/s\/ID\/code 200 \d+ ms$/));
    for (const secret of [terminal.id, terminal.secret, 'the-secret-code', 'BCDFGH', 'example', '127.0.0.1'])
      expect(said).not.toContain(secret);
  });

  test('the whole way by the fragment', async () => {
    const relay = await start();
    const terminal = await createTestTerminal({ response_mode: 'fragment' });
    const browser = new TestBrowser();
    await terminal.put(relay);
    await browser.get(relay, `/s/${terminal.id}`);
    const page = await browser.get(relay, '/callback');
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'sha256-[^']+'; connect-src 'self'/);
    const key = (await (await browser.get(relay, `/s/${terminal.id}/key`)).json()) as { public_key: string; secret_hash: string };
    expect(key).toEqual({ public_key: terminal.keys.publicKey, secret_hash: terminal.message.secret_hash });
    const text = `code=x&state=${terminal.state}`;
    const sealed = await seal({ text, publicKey: key.public_key, context: terminal.id });
    expect((await browser.postJson(relay, `/s/${terminal.id}/response`, { sealed, is_error: false })).status).toBe(204);
    expect((await browser.postJson(relay, `/s/${terminal.id}/response`, { sealed, is_error: true })).status).toBe(409);
    const waiting = terminal.answer(relay);
    const posted = browser.post(relay, `/s/${terminal.id}/code`, { code: 'BCDFGH' });
    const answer = (await (await waiting).json()) as { sealed: string };
    expect(await terminal.open(answer.sealed)).toBe(text);
    await terminal.outcome(relay, true);
    expect(await (await posted).text()).toContain('You are logged in');
  });

  test('wrong codes are counted, and the fifth ends the login', async () => {
    const relay = await start();
    const { terminal, browser } = await openPage(relay);
    await browser.get(relay, `/callback?code=x&state=${terminal.state}`);
    const type = async (code: string) => {
      const page = await browser.post(relay, `/s/${terminal.id}/code`, { code });
      return [page.status, /(\w+ tr(?:y is|ies are) left|Too many wrong codes)/.exec(await page.text())?.[0]];
    };
    expect(await type('')).toEqual([200, undefined]);
    expect(await type('BCDFGZ')).toEqual([400, '4 tries are left']);
    expect(await type('BCDFG')).toEqual([400, '3 tries are left']);
    expect(await type('<b>')).toEqual([400, '2 tries are left']);
    // Opening it again gives no new tries.
    await terminal.put(relay);
    expect(await type('XXXXXX')).toEqual([400, 'One try is left']);
    expect(await type('XXXXXX')).toEqual([410, 'Too many wrong codes']);
    expect(await type('BCDFGH')).toEqual([410, 'Too many wrong codes']);
    expect(await (await fetch(`${relay.origin}/metrics`)).text()).toMatch(/^mcp_auth_relay_wrong_codes_total 5$/m);
  });

  test('of many codes at once, five are tried', async () => {
    const relay = await start();
    const { terminal, browser } = await openPage(relay);
    await browser.get(relay, `/callback?code=x&state=${terminal.state}`);
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        browser.post(relay, `/s/${terminal.id}/code`, { code: `XXXXX${'BCDFGHJKLMNP'.charAt(index)}` }),
      ),
    );
    expect(await (await fetch(`${relay.origin}/metrics`)).text()).toMatch(/^mcp_auth_relay_wrong_codes_total 5$/m);
    expect((await terminal.answer(relay)).status).toBe(410);
  });

  test('an error is released at once, without a code, and its words are shown escaped', async () => {
    const relay = await start();
    const { terminal, browser } = await openPage(relay);
    const waiting = terminal.answer(relay);
    const query = `error=access_denied&error_description=${encodeURIComponent(`<img src=x> ${'long '.repeat(200)}`)}&state=${terminal.state}`;
    const page = await (await browser.get(relay, `/callback?${query}`)).text();
    expect(page).toContain('“access_denied: &#60;img src=x&#62;');
    expect(page.length).toBeLessThan(5000);
    const answer = (await (await waiting).json()) as object;
    expect(answer).toEqual({ sealed: expect.any(String) });
    expect(await terminal.open((answer as { sealed: string }).sealed)).toContain('error=access_denied');
    expect(await (await browser.get(relay, `/s/${terminal.id}/code`)).text()).toContain('did not give access');
  });

  if (name === 'redis')
    test('two relays share a Redis: the response comes to one, the terminal waits at the other', async () => {
      const clock = steppedClock();
      const one = await startRelay({ store: await stores.create(clock), clock });
      const other = await startRelay({ store: await stores.create(clock, { shared: true }), clock });
      const terminal = await createTestTerminal();
      const browser = new TestBrowser();
      await terminal.put(one);
      const waiting = terminal.answer(other);
      await browser.get(other, `/s/${terminal.id}`);
      expect((await browser.get(one, `/callback?code=x&state=${terminal.state}`)).status).toBe(303);
      const posted = browser.post(one, `/s/${terminal.id}/code`, { code: 'BCDFGH' });
      expect((await waiting).status).toBe(200);
      await terminal.outcome(other, true);
      expect(await (await posted).text()).toContain('You are logged in');
    });
});

describe('a response is refused', () => {
  const prepare = async (mode: 'query' | 'fragment' = 'query') => {
    const relay = await startInMemory();
    const terminal = await createTestTerminal({ response_mode: mode });
    const browser = new TestBrowser();
    await terminal.put(relay);
    await browser.get(relay, `/s/${terminal.id}`);
    const isAnswered = async () => (await browser.get(relay, `/s/${terminal.id}/code`)).status !== 409;
    return { relay, terminal, browser, isAnswered };
  };

  test('in a browser that has not opened the page of the login', async () => {
    const { relay, terminal, isAnswered } = await prepare();
    const page = await new TestBrowser().get(relay, `/callback?code=x&state=${terminal.state}`);
    expect([page.status, await page.text()]).toEqual([403, expect.stringContaining('has not opened the page of this login')]);
    expect(await isAnswered()).toBe(false);
    const other = await createTestTerminal();
    await other.put(relay);
    const stranger = new TestBrowser();
    await stranger.get(relay, `/s/${other.id}`);
    for (const path of ['/code', '/code?x']) expect((await stranger.get(relay, `/s/${terminal.id}${path}`)).status).toBe(403);
    expect((await stranger.post(relay, `/s/${terminal.id}/code`, { code: 'BCDFGH' })).status).toBe(403);
    expect((await stranger.postJson(relay, `/s/${terminal.id}/response`, { sealed: 'A'.repeat(200), is_error: false })).status).toBe(403);
  });

  test('with another state, without one, or with one of no session', async () => {
    const { relay, terminal, browser, isAnswered } = await prepare();
    expect((await browser.get(relay, `/callback?code=x&state=${terminal.id}.other`)).status).toBe(400);
    expect((await browser.get(relay, `/callback?code=x&state=${terminal.state}x`)).status).toBe(400);
    for (const query of ['code=x', 'code=x&state=', `code=x&state=${'A'.repeat(22)}.x`, 'x'])
      expect((await browser.get(relay, `/callback?${query}`)).status).toBe(404);
    expect(await isAnswered()).toBe(false);
  });

  test('if there is one already', async () => {
    const { relay, terminal, browser } = await prepare();
    expect((await browser.get(relay, `/callback?code=x&state=${terminal.state}`)).status).toBe(303);
    const second = await browser.get(relay, `/callback?code=other&state=${terminal.state}`);
    expect([second.status, await second.text()]).toEqual([409, expect.stringContaining('already received')]);
    expect((await browser.get(relay, `/s/${terminal.id}`)).status).toBe(409);
    expect((await new TestBrowser().get(relay, `/s/${terminal.id}`)).status).toBe(403);
  });

  test('in the form of the fragment, if the login asked for the query', async () => {
    const byQuery = await prepare('query');
    const body = { sealed: 'A'.repeat(200), is_error: false };
    expect((await byQuery.browser.postJson(byQuery.relay, `/s/${byQuery.terminal.id}/response`, body)).status).toBe(400);
    expect(await byQuery.isAnswered()).toBe(false);
  });

  test.each([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
  ])('and a code, if another site sends it: %j', async (headers) => {
    const { relay, terminal, browser, isAnswered } = await prepare('fragment');
    const at = `/s/${terminal.id}`;
    const body = { sealed: 'A'.repeat(200), is_error: false };
    expect((await browser.postJson(relay, `${at}/response`, body, headers)).status).toBe(403);
    expect(await isAnswered()).toBe(false);
    await browser.postJson(relay, `${at}/response`, body);
    expect((await browser.post(relay, `${at}/code`, { code: 'BCDFGH' }, headers)).status).toBe(403);
    expect(await (await fetch(`${relay.origin}/metrics`)).text()).toMatch(/^mcp_auth_relay_wrong_codes_total 0$/m);
  });

  test('without what only a browser of today sends', async () => {
    const { relay, terminal, browser } = await prepare();
    await browser.get(relay, `/callback?code=x&state=${terminal.state}`);
    const [cookie = ''] = browser.cookies;
    const body = new URLSearchParams({ code: 'XXXXXX' });
    const send = (headers: Record<string, string>) =>
      fetch(`${relay.origin}/s/${terminal.id}/code`, { method: 'POST', body, headers: { cookie, ...headers } });
    // The fetch of Node adds `Sec-Fetch-Mode`, but not the two headers that count.
    expect((await send({})).status).toBe(403);
    expect((await send({ origin: 'https://relay.example' })).status).toBe(400);
    expect((await send({ 'sec-fetch-site': 'same-origin' })).status).toBe(400);
  });

  test('if the sealed text is not one', async () => {
    const { relay, terminal, browser } = await prepare('fragment');
    const at = `/s/${terminal.id}/response`;
    const sealed = 'A'.repeat(200);
    for (const body of [
      {},
      { sealed },
      { sealed: '<b>'.repeat(50), is_error: false },
      { sealed: 'A', is_error: false },
      { sealed, is_error: 1 },
    ])
      expect((await browser.postJson(relay, at, body)).status).toBe(400);
    expect((await browser.postJson(relay, at, { sealed: 'A'.repeat(33_000), is_error: false })).status).toBe(413);
  });
});

test('hostile texts of a terminal are shown as text', async () => {
  const relay = await startInMemory();
  const hostile = '"><script>alert(1)</script>\u202e`';
  const url = 'https://as.example/a?x="><script>alert(1)</script>';
  const terminal = await createTestTerminal({ server: hostile, scope: hostile, authorization_url: url });
  await terminal.put(relay);
  const page = await (await fetch(`${relay.origin}/s/${terminal.id}`)).text();
  expect(page).not.toContain('<script');
  expect(page).not.toContain('\u202e');
  expect(page.match(/&#34;&#62;&#60;script&#62;/g)).toHaveLength(3);
});

test('every response has its headers, and a page allows nothing but its own style and form', async () => {
  const relay = await startInMemory();
  const terminal = await createTestTerminal();
  await terminal.put(relay);
  const paths = [
    '/',
    `/s/${terminal.id}`,
    `/s/${terminal.id}/code`,
    '/callback',
    '/callback?x=y',
    `/s/${terminal.id}/key`,
    '/nothing',
    '/healthz',
  ];
  for (const path of paths) {
    const { headers } = await fetch(relay.origin + path, { redirect: 'manual' });
    expect(headers.get('cache-control'), path).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    const policy = headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; .*frame-ancestors 'none'; base-uri 'none'/);
    expect(policy).not.toMatch(/unsafe|\*/);
  }
  const policyAndInline = async (path: string) => {
    const page = await fetch(relay.origin + path);
    const inline = [...(await page.text()).matchAll(/<(?:style|script)>([^]*?)<\/(?:style|script)>/g)].map(([, text = '']) => text);
    return { policy: page.headers.get('content-security-policy'), inline };
  };
  for (const [path, count] of [
    ['/', 1],
    ['/callback', 2],
  ] as const) {
    const { policy, inline } = await policyAndInline(path);
    expect(inline).toHaveLength(count);
    for (const text of inline) expect(policy).toContain(hashSource(text));
  }
  const { headers } = await fetch(`${relay.origin}/s/${terminal.id}`);
  expect(headers.get('set-cookie')).toMatch(
    new RegExp(`^__Host-mcp-auth-${terminal.id}=[\\w-]{22}; HttpOnly; SameSite=Lax; Path=/; Max-Age=600; Secure$`),
  );
});

test('a browser that opens the page again can still enter the code', async () => {
  const relay = await startInMemory();
  const { terminal, browser } = await openPage(relay);
  const before = browser.cookies;
  await browser.get(relay, `/s/${terminal.id}`);
  expect(browser.cookies).toEqual(before);
  await browser.get(relay, `/callback?code=x&state=${terminal.state}`);
  expect(await (await browser.get(relay, `/s/${terminal.id}`)).text()).toContain('already received');
  expect((await browser.get(relay, `/s/${terminal.id}/code`)).status).toBe(200);
});

test('on http of this machine, for development, cookies are plain and HSTS is left out', async () => {
  const relay = await startInMemory({ publicUrl: 'http://127.0.0.1:8080' });
  const terminal = await createTestTerminal();
  await terminal.put(relay);
  const { headers } = await fetch(`${relay.origin}/s/${terminal.id}`);
  expect(headers.get('set-cookie')).toMatch(
    new RegExp(`^mcp-auth-${terminal.id}=[\\w-]{22}; HttpOnly; SameSite=Lax; Path=/; Max-Age=600$`),
  );
  expect(headers.get('strict-transport-security')).toBeNull();
});

test('the client-ID metadata document', async () => {
  const relay = await startInMemory();
  const response = await fetch(`${relay.origin}/client.json`);
  expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
  expect(await response.json()).toEqual({
    client_id: 'https://relay.example/client.json',
    client_name: 'mcp-auth',
    redirect_uris: ['https://relay.example/callback', 'http://127.0.0.1/callback', 'http://localhost/callback'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    mcp_auth_relay: 1,
  });
});

test('anything else is not found, and the log does not repeat it', async () => {
  const relay = await startInMemory();
  for (const path of [
    '/s',
    '/s/',
    '/s/ID',
    '/s/ID/answer',
    '/s/short',
    `/s/${'A'.repeat(22)}/more`,
    '/callback/',
    '/..%2fs',
    '/constructor',
  ]) {
    const response = await fetch(relay.origin + path);
    expect([response.status, await response.text()]).toEqual([404, 'Not found.\n']);
  }
  expect((await fetch(`${relay.origin}/callback`, { method: 'POST' })).status).toBe(404);
  expect((await fetch(`${relay.origin}/`, { method: 'OPTIONS' })).status).toBe(404);
  expect([...new Set(relay.log.map((line) => line.replace(/ \d+ ms$/, '')))]).toEqual(['other 404']);
});

test('a server that ignores the response mode answers in the query: the response is sealed as it arrives', async () => {
  const relay = await startInMemory();
  const { terminal, browser } = await openPage(relay, { response_mode: 'fragment' });
  const query = `code=x&state=${terminal.state}`;
  expect((await browser.get(relay, `/callback?${query}`)).headers.get('location')).toBe(`/s/${terminal.id}/code`);
  const waiting = terminal.answer(relay);
  void browser.post(relay, `/s/${terminal.id}/code`, { code: 'BCDFGH' });
  const { sealed } = (await (await waiting).json()) as { sealed: string };
  expect(await terminal.open(sealed)).toBe(query);
  await terminal.outcome(relay, true);
});

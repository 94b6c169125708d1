/** The pages of the relay in a real browser of the size of a phone: with the fragment, and without scripts. */
import type { RequestListener } from 'node:http';
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { createMemoryStore } from '../../src/relay/memory-store.js';
import type { OpenMessage } from '../../src/relay-protocol/messages.js';
import { steppedClock } from '../helpers/clock.js';
import { chromiumFlags } from '../helpers/chromium.js';
import { describeWith } from '../helpers/installed.js';
import { listening } from '../helpers/listening.js';
import { findFreePort } from '../helpers/redis.js';
import { createTestTerminal, startRelay } from '../helpers/relay.js';

const phone = { width: 360, height: 740 };

/** A relay on http of this machine, an authorization server that approves at once, and a terminal that has opened a session. */
async function prepare(mode: OpenMessage['response_mode'], response: string) {
  const clock = steppedClock();
  const port = await findFreePort();
  const relay = await startRelay({ store: createMemoryStore({ clock }), clock, port, publicUrl: `http://127.0.0.1:${port}` });
  const approve: RequestListener = (_, reply) => {
    const location = `${relay.origin}/callback${mode === 'query' ? '?' : '#'}${response}&state=${terminal.state}`;
    reply.writeHead(303, { location }).end();
  };
  const server = await listening(approve);
  const scope = 'https://scopes.example/a.long.scope.that.does.not.fit.into.one.line.of.a.phone offline_access read write';
  const terminal = await createTestTerminal({ response_mode: mode, authorization_url: `${server.origin}/authorize`, scope });
  await terminal.put(relay);
  return { relay, terminal };
}

async function open(executablePath: string, options: BrowserContextOptions): Promise<{ page: Page; refusals: string[] }> {
  const browser = await chromium.launch({ executablePath, headless: true, args: chromiumFlags });
  onTestFinished(() => browser.close());
  const page = await (await browser.newContext({ viewport: phone, isMobile: true, hasTouch: true, ...options })).newPage();
  const refusals: string[] = [];
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) refusals.push(message.text());
  });
  return { page, refusals };
}

/** Wide pages scroll sideways. */
async function expectToFit(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(phone.width);
}

describeWith('chromium', 'in Chromium', (executablePath) => {
  test.each(['light', 'dark'] as const)('the fragment is sealed in the browser, which never sends the code (%s)', async (colorScheme) => {
    const { relay, terminal } = await prepare('fragment', 'code=the-secret-code');
    const { page, refusals } = await open(executablePath, { colorScheme });
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url(), request.postData() ?? ''));
    await page.goto(`${relay.origin}/s/${terminal.id}`);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 20, 23)');
    await expectToFit(page);
    await page.click('a.action');
    await page.waitForURL(`${relay.origin}/s/${terminal.id}/code`);
    await expectToFit(page);
    await page.fill('input[name=code]', 'xxxxxx');
    await page.click('button');
    await page.getByText('4 tries are left').waitFor();
    await expectToFit(page);
    const waiting = terminal.answer(relay);
    await page.fill('input[name=code]', 'bcd-fgh');
    await page.click('button', { noWaitAfter: true });
    const answer = (await (await waiting).json()) as { sealed: string; code: string };
    expect(answer.code).toBe('BCDFGH');
    expect(await terminal.open(answer.sealed)).toBe(`code=the-secret-code&state=${terminal.state}`);
    await terminal.outcome(relay, true);
    await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
    await expectToFit(page);
    expect(sent.filter((one) => one.includes('the-secret-code') && !one.startsWith(`${relay.origin}/callback#`))).toEqual([]);
    const { entries } = await (await page.context().newCDPSession(page)).send('Page.getNavigationHistory');
    expect(entries.map(({ url }) => url)).not.toContainEqual(expect.stringContaining('the-secret-code'));
    expect(refusals).toEqual([]);
  });

  test('an error in the fragment ends the login', async () => {
    const { relay, terminal } = await prepare('fragment', 'error=access_denied');
    const { page } = await open(executablePath, {});
    await page.goto(`${relay.origin}/s/${terminal.id}`);
    await page.click('a.action');
    await page.getByText('did not give access').waitFor();
    const answer = (await (await terminal.answer(relay)).json()) as { sealed: string; code?: string };
    expect(answer.code).toBeUndefined();
    expect(await terminal.open(answer.sealed)).toContain('error=access_denied');
  });

  test('a relay that sends another key gets nothing', async () => {
    const { relay, terminal } = await prepare('fragment', 'code=the-secret-code');
    const other = await createTestTerminal();
    const { page } = await open(executablePath, {});
    const key = { public_key: other.keys.publicKey, secret_hash: terminal.message.secret_hash };
    await page.route('**/key', (route) => route.fulfill({ json: key }));
    await page.goto(`${relay.origin}/s/${terminal.id}`);
    await page.click('a.action');
    await page.getByText('a key that does not belong to this login').waitFor();
    expect(relay.log.filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  test('without scripts, the query works, and the page of the fragment says what to do', async () => {
    const { relay, terminal } = await prepare('query', 'code=x');
    const { page } = await open(executablePath, { javaScriptEnabled: false });
    await page.goto(`${relay.origin}/s/${terminal.id}`);
    await page.click('a.action');
    await page.waitForURL(`${relay.origin}/s/${terminal.id}/code`);
    const waiting = terminal.answer(relay);
    await page.fill('input[name=code]', 'bcdfgh');
    await page.click('button', { noWaitAfter: true });
    expect((await waiting).status).toBe(200);
    await terminal.outcome(relay, false);
    await page.getByRole('heading', { name: 'The login failed' }).waitFor();
    await page.goto(`${relay.origin}/callback#code=x`);
    await page.locator('noscript p').waitFor();
  });
});

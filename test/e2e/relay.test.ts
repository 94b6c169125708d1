/**
 * A whole login through a relay: the built command in a terminal, a relay behind nginx with TLS, and Chromium as the phone that scans
 * the QR code. Nothing is pasted.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { command } from '../helpers/build.js';
import { readStore, temporaryFolder } from '../helpers/folder.js';
import { chromiumFlags } from '../helpers/chromium.js';
import { describeWith } from '../helpers/installed.js';
import { startNginx } from '../helpers/nginx.js';
import { piped } from '../helpers/piped.js';
import { runInTerminal, type TerminalRun } from '../helpers/pty.js';
import { findFreePort, startRedis } from '../helpers/redis.js';
import { scan } from '../helpers/scan.js';
import { metadata } from '../helpers/fake-server.js';
import { fakeServer, realServers } from '../helpers/servers.js';
import { startRouter } from '../live/mcp-auth-router.js';
import { startWorkersProvider } from '../live/workers-oauth-provider.js';

interface RelayProcess {
  readonly origin: string;
  readonly log: () => string;
  kill(): Promise<void>;
}

/** The built command, which listens on loopback and is reached at `publicUrl`. */
async function startRelay({ publicUrl, port, more = [] }: { publicUrl: string; port: number; more?: string[] }): Promise<RelayProcess> {
  const words = ['relay', '--listen', `127.0.0.1:${port}`, '--public-url', publicUrl, '--trust-proxy', ...more];
  const child = spawn(process.execPath, [command, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
  const running = piped(child);
  const kill = async () => {
    child.kill('SIGKILL');
    await running.exit;
  };
  onTestFinished(kill);
  await running.shown(/listens on port \d+/);
  return { origin: `http://127.0.0.1:${port}`, log: () => running.output.stderr, kill };
}

interface Terminal extends TerminalRun {
  readonly store: string;
  /** What the user scans and reads. */
  see(): Promise<{ address: string; code: string }>;
}

/** A login whose preferences name the relay, and which trusts the authority of its certificate. */
function startLogin({ url, relay, caFile }: { url: string; relay: string; caFile: string }): Terminal {
  const home = temporaryFolder();
  const [preferences, store] = [path.join(home, 'preferences.json'), path.join(home, 'store.json')];
  writeFileSync(preferences, JSON.stringify({ relay }), { mode: 0o600 });
  const env = { HOME: home, MCP_AUTH_PREFERENCES: preferences, MCP_AUTH_STORE: store, NODE_EXTRA_CA_CERTS: caFile };
  const login = runInTerminal(['login', url, '--name', 'demo', '--no-browser'], { columns: 90, rows: 60, env });
  const see = async () => {
    const address = await login.shown(/^(https:\/\/localhost:\d+\/s\/[\w-]{22})$/m);
    const code = await login.shown(/^([A-Z]{3}-[A-Z]{3})$/m);
    await login.shown(/\[q\] QR code/);
    const rows = login.cells('dark').filter((row) => row.some(({ text }) => /[█▀▄]/.test(text)));
    expect(scan(rows, { inverted: false })).toBe(address);
    return { address, code };
  };
  return { ...login, store, see };
}

/** Signs in and agrees wherever a page asks, until the relay asks for the code. */
async function approve(page: Page, address: string): Promise<void> {
  const { origin } = new URL(address);
  await page.goto(address);
  await page.click('a.action');
  while (!new URL(page.url()).pathname.endsWith('/code') || new URL(page.url()).origin !== origin) {
    for (const name of ['login', 'password']) {
      const field = page.locator(`input[name=${name}]`);
      if ((await field.count()) > 0) await field.fill('demo');
    }
    const button = page.locator('button[type=submit]:not([name])').first();
    if (new URL(page.url()).origin !== origin && (await button.count()) > 0) await button.click();
    await page.waitForLoadState();
  }
}

async function enter(page: Page, code: string): Promise<string> {
  await page.fill('input[name=code]', code);
  await page.click('button');
  await page.waitForLoadState();
  return page.innerText('main');
}

const authorizationServers = [
  { name: 'oidc-provider', start: async () => (await realServers({ device: false })).mcpServer.url, isFragment: true },
  { name: 'the MCP SDK’s router', start: async () => (await startRouter()).url, isFragment: false },
  { name: 'workers-oauth-provider', start: async () => (await startWorkersProvider()).url, isFragment: false },
];

describeWith('chromium', 'with Chromium as the phone', (executablePath) => {
  let browser: Browser;
  beforeAll(async () => void (browser = await chromium.launch({ executablePath, headless: true, args: chromiumFlags })));
  afterAll(() => browser.close());
  const openPhone = async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 780 }, isMobile: true, ignoreHTTPSErrors: true });
    onTestFinished(() => context.close());
    return context.newPage();
  };

  describeWith('nginx', 'and nginx before the relay', (nginxProgram) => {
    const prepare = async () => {
      const port = await findFreePort();
      const nginx = await startNginx(nginxProgram, { '/': `http://127.0.0.1:${port}` });
      return { port, nginx, relay: await startRelay({ publicUrl: nginx.origin, port }) };
    };

    test.each(authorizationServers)('$name: the QR code is scanned, the login approved, the code typed', async ({ start, isFragment }) => {
      const url = await start();
      const { nginx, relay } = await prepare();
      const login = startLogin({ url, relay: nginx.origin, caFile: nginx.caFile });
      const { address, code } = await login.see();
      const page = await openPhone();
      await approve(page, address);
      expect(await enter(page, code === 'BBB-BBB' ? 'CCC-CCC' : 'bbb bbb')).toContain('4 tries are left');
      expect(await enter(page, code.toLowerCase())).toContain('You are logged in');
      expect(await login.exit).toBe(0);
      expect(login.lines().join('\n')).toContain('✓ Logged in to demo.');
      expect(readStore(login.store).mcpServers.demo.auth.token).toMatch(/\S+/);
      expect(relay.log().includes('POST /s/ID/response'), relay.log()).toBe(isFragment);
      expect(relay.log()).not.toContain(new URL(address).pathname.slice(3));
    });

    test('an authorization server that reads client-ID metadata documents gets the one of the relay, and nothing is registered', async () => {
      const documents = { client_id_metadata_document_supported: true, device_authorization_endpoint: undefined };
      const server = await fakeServer((origin) => [
        { want: 'GET /.well-known/oauth-authorization-server', respond: { json: metadata(origin, documents) } },
      ]);
      const { nginx } = await prepare();
      const login = startLogin({ url: server.url, relay: nginx.origin, caFile: nginx.caFile });
      const { address } = await login.see();
      const page = await openPhone();
      await page.goto(address);
      const next = new URL((await page.getAttribute('a.action', 'href')) ?? '');
      expect(next.searchParams.get('client_id')).toBe(`${nginx.origin}/client.json`);
      const document = await page.goto(`${nginx.origin}/client.json`);
      expect(await document?.json()).toMatchObject({
        client_id: next.searchParams.get('client_id'),
        redirect_uris: expect.arrayContaining([next.searchParams.get('redirect_uri')]) as string[],
      });
      expect(server.asked('POST /register')).toEqual([]);
      login.type('\u0003');
      expect(await login.exit).toBe(130);
    });

    test('the relay is killed while the terminal waits, and started again: the same QR code still works', async () => {
      const { mcpServer } = await realServers({ device: false });
      const { nginx, relay, port } = await prepare();
      const login = startLogin({ url: mcpServer.url, relay: nginx.origin, caFile: nginx.caFile });
      const { address, code } = await login.see();
      await relay.kill();
      const next = await startRelay({ publicUrl: nginx.origin, port });
      await expect.poll(() => next.log(), { timeout: 60_000 }).toContain('PUT /s/ID 201');
      const page = await openPhone();
      await approve(page, address);
      expect(await enter(page, code)).toContain('You are logged in');
      expect(await login.exit).toBe(0);
    });

    describeWith('redis-server', 'with two relays on one Redis', (redisProgram) => {
      test('the phone is at one, and the terminal at the other', async () => {
        const { mcpServer } = await realServers({ device: false });
        const redis = await startRedis(redisProgram);
        onTestFinished(() => redis.stop());
        const [one, other] = [await findFreePort(), await findFreePort()];
        const places = { '~ ^/s/[^/]+/(answer|outcome)$': `http://127.0.0.1:${one}`, '/': `http://127.0.0.1:${other}` };
        const nginx = await startNginx(nginxProgram, places);
        const more = ['--redis', redis.url];
        const terminalSide = await startRelay({ publicUrl: nginx.origin, port: one, more });
        const phoneSide = await startRelay({ publicUrl: nginx.origin, port: other, more });
        const login = startLogin({ url: mcpServer.url, relay: nginx.origin, caFile: nginx.caFile });
        const { address, code } = await login.see();
        const page = await openPhone();
        await approve(page, address);
        // The code of the authorization server has been sealed in the browser.
        expect(await redis.dump()).not.toMatch(/code=/);
        expect(await enter(page, code)).toContain('You are logged in');
        expect(await login.exit).toBe(0);
        expect(terminalSide.log()).toMatch(/GET \/s\/ID\/answer 200/);
        expect(phoneSide.log()).not.toContain('/answer');
      });
    });
  });

  describe('without a proxy, on this machine', () => {
    const prepare = async ({ device }: { device: boolean }) => {
      const { mcpServer } = await realServers({ device });
      const port = await findFreePort();
      const relay = await startRelay({ publicUrl: `http://127.0.0.1:${port}`, port });
      const home = temporaryFolder();
      const preferences = path.join(home, 'preferences.json');
      writeFileSync(preferences, JSON.stringify({ relay: relay.origin }), { mode: 0o600 });
      const env = { HOME: home, MCP_AUTH_PREFERENCES: preferences, MCP_AUTH_STORE: path.join(home, 'store.json') };
      return { relay, login: runInTerminal(['login', mcpServer.url, '--no-browser'], { columns: 90, rows: 60, env }) };
    };
    const address = /^(http:\S+\/s\/[\w-]{22})$/m;

    test('the user says no: the page says so, and the terminal ends', async () => {
      const { relay, login } = await prepare({ device: false });
      const page = await openPhone();
      await page.goto(await login.shown(address));
      await page.click('a.action');
      await page.click('a[href$="/abort"]');
      await page.waitForURL(`${relay.origin}/**`);
      await page.getByText('Your terminal').first().waitFor();
      expect(await login.exit).toBe(4);
    });

    test('a device code comes first; the key p uses the relay instead', async () => {
      const { login } = await prepare({ device: true });
      await login.shown(/\[p\] use the relay instead/);
      login.type('p');
      const page = await openPhone();
      await approve(page, await login.shown(address));
      expect(await enter(page, await login.shown(/^([A-Z]{3}-[A-Z]{3})$/m))).toContain('You are logged in');
      expect(await login.exit).toBe(0);
    });
  });
});

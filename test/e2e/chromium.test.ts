/** A real browser visits the pages and ends on a redirect URL that does not load, which is pasted. */
import { createServer } from 'node:net';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { chromiumFlags, signIn } from '../helpers/chromium.js';
import { describeWith } from '../helpers/installed.js';
import { listening } from '../helpers/listening.js';
import { runInTerminal } from '../helpers/pty.js';
import { realServers } from '../helpers/servers.js';

/** A port that accepts connections and sends nothing: the login cannot listen there, and the page does not load. */
async function portThatDoesNotLoad(): Promise<number> {
  const { port } = await listening(createServer((socket) => socket.destroy()));
  return port;
}

describeWith('chromium', 'with Chromium', (executablePath) => {
  test('the person signs in, approves, and pastes what the address bar says', async () => {
    const { mcpServer } = await realServers();
    const port = await portThatDoesNotLoad();
    const store = temporaryStore();
    const words = [
      'login',
      mcpServer.url,
      '--name',
      'demo',
      '--store',
      store,
      '--no-browser',
      '--flow',
      'paste',
      '--callback-port',
      String(port),
    ];
    const login = runInTerminal(words, { columns: 80, rows: 50 });
    const url = await login.shown(/^(http:\S+\/auth\?\S+)$/m);
    await login.shown(/Paste the address here:/);

    const browser = await chromium.launch({ executablePath, headless: true, args: chromiumFlags });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await signIn(page, url);
    const failed = page.waitForEvent('requestfailed', (request) => request.url().startsWith(`http://127.0.0.1:${port}/`));
    await page.click('button[type=submit]').catch(() => undefined);
    await failed;
    const devtools = await page.context().newCDPSession(page);
    const addressBar = async () => {
      const { entries, currentIndex } = await devtools.send('Page.getNavigationHistory');
      return entries[currentIndex]?.url ?? '';
    };
    await expect.poll(addressBar, { timeout: 30_000 }).toContain(`http://127.0.0.1:${port}/callback?code=`);
    login.type(`${await addressBar()}\r`);
    expect(await login.exit).toBe(0);
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('a device code is typed into its page', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const login = runInTerminal(['login', mcpServer.url, '--name', 'demo', '--store', store, '--no-browser'], { columns: 80, rows: 50 });
    const userCode = await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
    const browser = await chromium.launch({ executablePath, headless: true, args: chromiumFlags });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(await login.shown(/^(http:\S+\/device)$/m));
    await page.fill('input[name=user_code]', userCode);
    for (const fill of [undefined, undefined, 'demo', undefined]) {
      if (fill !== undefined) {
        await page.fill('input[name=login]', fill);
        await page.fill('input[name=password]', fill);
      }
      await page.click('button[type=submit]:not([name=abort])');
      await page.waitForLoadState();
    }
    expect(await login.exit).toBe(0);
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });
});

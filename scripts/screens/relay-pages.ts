/** The pages of a relay as a phone shows them. Its requests are answered in this process, so the pages have the addresses of the examples. */
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { createRelay, type RelayHandler } from '../../src/relay/relay.js';
import { createMemoryStore } from '../../src/relay/memory-store.js';
import { parsePublicUrl } from '../../src/relay/public-url.js';
import { createSealKeys } from '../../src/relay-protocol/seal.js';
import { createSessionId, hashText } from '../../src/relay-protocol/session-id.js';
import { hashShortCode } from '../../src/relay-protocol/short-code.js';
import { systemClock as clock } from '../../src/machine/clock.js';

const origin = 'https://relay.example.com';

/** Writes relay-start.png and relay-code.png into a folder. */
export async function captureRelayPages({ folder, executablePath }: { folder: string; executablePath: string }): Promise<void> {
  const { signal } = new AbortController();
  const store = createMemoryStore({ clock });
  const handle = createRelay({ publicUrl: parsePublicUrl(origin), store, clock, trustsProxy: false, log: () => undefined, signal });
  const { id, state } = await openSession(handle);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
  const page = await browser.newPage({ viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, isMobile: true });
  await answerByHandler(page, handle);
  const capture = (name: string) => page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
  await page.goto(`${origin}/s/${id}`);
  await capture('relay-start');
  // Playwright does not pass a redirect to the handler.
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  await handle(new Request(`${origin}/callback?code=code&state=${state}`, { headers: { cookie } }), { address: '192.0.2.1' });
  await page.goto(`${origin}/s/${id}/code`);
  await page.fill('input', 'BCD-FGH');
  await capture('relay-code');
  await browser.close();
}

async function openSession(handle: RelayHandler): Promise<{ id: string; state: string }> {
  const { publicKey } = await createSealKeys();
  const secret = crypto.randomUUID();
  const secretHash = await hashText(secret);
  const id = await createSessionId({ publicKey, secretHash });
  const state = `${id}.example`;
  const message = {
    ...{ public_key: publicKey, secret_hash: secretHash, state, response_mode: 'query', expires_in: 600 },
    ...{ code_hash: await hashShortCode('BCDFGH', id), server: 'example (mcp.example.com)', scope: 'tools:call offline_access' },
    authorization_url: 'https://auth.example.com/authorize',
  };
  const headers = { authorization: `Bearer ${secret}` };
  await handle(new Request(`${origin}/s/${id}`, { method: 'PUT', headers, body: JSON.stringify(message) }), { address: '192.0.2.1' });
  return { id, state };
}

async function answerByHandler(page: Page, handle: RelayHandler): Promise<void> {
  await page.route(`${origin}/**`, async (route) => {
    const request = route.request();
    const asked = new Request(request.url(), { method: request.method(), headers: await request.allHeaders() });
    const response = await handle(asked, { address: '192.0.2.1' });
    const headers = Object.fromEntries(response.headers);
    await route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) });
  });
}

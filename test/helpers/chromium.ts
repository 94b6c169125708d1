import type { Page } from 'playwright-core';

/** Starts Debian's Chromium as root, in a network that is closed: otherwise it looks for Google's hosts. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Opens an authorization URL and signs in at the development pages of oidc-provider. The page that asks for approval follows. */
export async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.fill('input[name=login]', 'demo');
  await page.fill('input[name=password]', 'demo');
  await page.click('button[type=submit]');
  await page.waitForLoadState();
}

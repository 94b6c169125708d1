/** A login through a relay: the preferences that name it, and a user with a phone. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createMemoryStore } from '../../src/relay/memory-store.js';
import { seal } from '../../src/relay-protocol/seal.js';
import { readSessionId } from '../../src/relay-protocol/session-id.js';
import { steppedClock } from './clock.js';
import { findFreePort } from './redis.js';
import { startRelay, TestBrowser, type TestRelay } from './relay.js';
import { temporaryFolder } from './folder.js';
import type { Run } from './run.js';

/** A relay that browsers and terminals reach where it listens. */
export async function localRelay(port?: number): Promise<TestRelay> {
  const clock = steppedClock();
  const wanted = port ?? (await findFreePort());
  return startRelay({ store: createMemoryStore({ clock }), clock, port: wanted, publicUrl: `http://127.0.0.1:${wanted}` });
}

/** The environment of a machine whose user has set preferences. */
export function withPreferences(values: object): Record<string, string> {
  const file = path.join(temporaryFolder(), 'preferences.json');
  writeFileSync(file, JSON.stringify(values), { mode: 0o600 });
  return { MCP_AUTH_PREFERENCES: file };
}

/** What the terminal shows. */
export async function shownAddress(login: Run): Promise<string> {
  return login.shown(/^(http\S+\/s\/[\w-]{22})$/m);
}

export async function shownCode(login: Run): Promise<string> {
  return login.shown(/^([A-Z]{3}-[A-Z]{3})$/m);
}

/** A phone without a script engine, which does what the pages and their script do. */
export class Phone {
  readonly #relay: TestRelay;
  readonly #browser: TestBrowser;

  constructor(relay: TestRelay) {
    this.#relay = relay;
    this.#browser = new TestBrowser(relay.origin);
  }

  /** Opens the page of a login. Returns the address that its link leads to. */
  async open(address: string): Promise<string> {
    const page = await (await this.get(address)).text();
    const link = /<a [^>]*href="([^"]+)"/.exec(page)?.[1];
    if (link === undefined) throw new Error(`no link on this page:\n${page}`);
    return link.replace(/&(?:amp|#38);/g, '&');
  }

  get(address: string): Promise<Response> {
    const { pathname, search } = new URL(address);
    return this.#browser.get(this.#relay, pathname + search);
  }

  /** Goes where the authorization server sends it. Resolves to the path of the page that asks for the code. */
  follow(redirectUrl: string): Promise<string> {
    return this.followAs(redirectUrl, {});
  }

  /** @param isError what it says of the response, instead of what is so. */
  async followAs(redirectUrl: string, { isError }: { isError?: boolean }): Promise<string> {
    const { hash, searchParams } = new URL(redirectUrl);
    const parameters = hash === '' ? searchParams : new URLSearchParams(hash.slice(1));
    const id = readSessionId(parameters.get('state') ?? '');
    const response = await this.get(redirectUrl);
    if (hash !== '') {
      const keys = await (await this.#browser.get(this.#relay, `/s/${id}/key`)).json();
      const { public_key: publicKey } = keys as { public_key: string };
      const sealed = await seal({ text: parameters.toString(), publicKey, context: id });
      await this.#browser.postJson(this.#relay, `/s/${id}/response`, { sealed, is_error: isError ?? parameters.has('error') });
    } else if (response.status !== 303)
      throw new Error(`The relay answered the redirect with ${response.status}: ${await response.text()}`);
    return `/s/${id}/code`;
  }

  enter(code: string, formPath: string): Promise<Response> {
    return this.#browser.post(this.#relay, formPath, { code });
  }
}

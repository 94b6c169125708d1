/** A user with a browser, as far as the development pages of oidc-provider need one: follows redirects, keeps cookies, submits forms. */
import type { ChildProcess } from 'node:child_process';

/** The maximum number of pages per visit. */
const patience = 20;

export class Person {
  readonly #cookies = new Map<string, string>();

  /**
   * Opens an authorization URL, signs in and approves. Returns the URL that the browser is redirected to, without
   * loading it.
   */
  async approve(url: string): Promise<string> {
    const last = await this.#walk(url, (address) => new URL(address).origin !== new URL(url).origin);
    if (last.html !== undefined) throw new Error(`The pages ended on ${last.address}:\n${textOf(last.html)}`);
    return last.address;
  }

  /** Approves the login of a run with `--json`, and loads its redirect URL. */
  async approveLogin({ stdout }: Pick<ChildProcess, 'stdout'>): Promise<void> {
    const url = await new Promise<string>((resolve) => {
      let printed = '';
      stdout?.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
        const found = /"url":"([^"]+)"/.exec(printed)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    await fetch(await this.approve(url));
  }

  /** Follows the Cancel link of the page instead of signing in. Returns the redirect URL. */
  async deny(url: string): Promise<string> {
    const page = await this.#walk(url, () => false, { stopAtForm: true });
    const cancel = /<a href="([^"]+\/abort)"/.exec(page.html ?? '')?.[1];
    if (cancel === undefined) throw new Error(`no Cancel link on ${page.address}`);
    return (await this.#walk(decode(cancel), (address) => new URL(address).origin !== new URL(url).origin)).address;
  }

  /** Opens a verification URI, enters the user code if the page asks for it, signs in and approves. Returns the text of the last page. */
  async approveDevice(url: string, userCode: string): Promise<string> {
    const last = await this.#walk(url, () => false, { userCode });
    return textOf(last.html ?? '');
  }

  /** Opens a verification URI and presses Abort on the page that asks to confirm the user code. */
  async denyDevice(url: string, userCode: string): Promise<string> {
    const last = await this.#walk(url, () => false, { userCode, abort: true });
    return textOf(last.html ?? '');
  }

  async #walk(
    start: string,
    isEnd: (address: string) => boolean,
    how: { stopAtForm?: boolean; userCode?: string; abort?: boolean } = {},
  ): Promise<{ address: string; html?: string }> {
    let next: { address: string; form?: URLSearchParams } = { address: start };
    for (let step = 0; step < patience; step += 1) {
      if (isEnd(next.address)) return { address: next.address };
      const response = await this.#request(next);
      const location = response.headers.get('location');
      if (location !== null) {
        next = { address: new URL(location, next.address).href };
        continue;
      }
      const html = await response.text();
      const form = /<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(html);
      if (form === null || how.stopAtForm || next.form?.has('abort')) return { address: next.address, html };
      next = { address: new URL(decode(form[1] ?? ''), next.address).href, form: fill(html, how) };
    }
    throw new Error(`The pages go on for ever after ${start}`);
  }

  async #request({ address, form }: { address: string; form?: URLSearchParams }): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(address, { method: form ? 'POST' : 'GET', body: form, headers: { cookie }, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

/** The fields of a page's form as the user fills them in. */
function fill(html: string, { userCode = '', abort = false }: { userCode?: string; abort?: boolean }): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [tag] of html.matchAll(/<(input|button)\b[^>]*>/g)) {
    const attribute = (name: string) => decode(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
    const name = attribute('name');
    if (name === '' || (name === 'abort' && !abort)) continue;
    const typed: Record<string, string> = { login: 'demo', password: 'demo', user_code: userCode };
    fields.set(name, attribute('value') || (typed[name] ?? ''));
  }
  return fields;
}

function decode(html: string): string {
  return html
    .replace(/&amp;/g, '&')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'");
}

function textOf(html: string): string {
  return html
    .replace(/<style[\s\S]*?<\/style>|<details[\s\S]*?<\/details>|<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * The log of `--debug`: one line for each request and each response, safe to share.
 *
 * Only values whose names are known to be harmless are shown; all others become `…`. A value that was hidden once is also
 * hidden where a server repeats it in its own text.
 */
import type { HttpResponse, Secrets } from '../effects.js';
import { NotedSecrets, redactionMark } from '../secrets/secrets.js';
import { looksRandom, shorten, toPrintable } from '../text/server-text.js';
import { isHarmlessHeader, isHarmlessParameter, noteFormSecrets, noteHeaderSecrets } from './secret-fields.js';

/** Shown members of one object, and items of one list. */
const maxMembers = 100;
/** Nesting levels of a response that are searched for secrets. */
const maxDepth = 8;
/** Members whose values are secret at any depth. */
const secretName = /token|secret|key|passw|code|assertion|cred|cookie|jwt|session/i;
/** Response headers that are not shown, and whose values a server may repeat. */
const secretHeaders = ['set-cookie', 'mcp-session-id', 'dpop-nonce'];
/** Headers that are the same in every request or response. */
const uninterestingHeaders = ['user-agent', 'accept', 'accept-encoding', 'date', 'server'];

interface TracedRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | URLSearchParams | null;
}

export class Trace {
  readonly #print: (line: string) => void;
  readonly #secrets: Secrets;

  /**
   * @param print gets one line at a time.
   * @param secrets has the secrets that are already known; the trace adds those that it finds.
   */
  constructor(print: (line: string) => void, secrets: Secrets = new NotedSecrets()) {
    this.#print = print;
    this.#secrets = secrets;
  }

  logRequest(url: URL, { method, headers, body }: TracedRequest): void {
    this.#secrets.addUrl(url.href);
    noteHeaderSecrets(headers, this.#secrets);
    if (body instanceof URLSearchParams) noteFormSecrets(body, this.#secrets);
    const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    const text =
      body instanceof URLSearchParams ? this.#formatQuery(body) : body === null ? '' : this.#formatBody(body, findContentType(fields));
    this.#printLine(['→', `${method} ${this.#formatUrl(url)}`, ...this.#formatHeaders(fields), text]);
  }

  /** @param body if it has been read. */
  logResponse(url: URL, { status, headers }: Pick<HttpResponse, 'status' | 'headers'>, body?: Buffer): void {
    const all = Object.entries(headers).filter((field): field is [string, string] => typeof field[1] === 'string');
    for (const [name, value] of all) if (secretHeaders.includes(name)) this.#secrets.add(value);
    const fields = all.filter(([name]) => isHarmlessHeader(name));
    const text = body === undefined || body.length === 0 ? '' : this.#formatBody(body.toString(), findContentType(fields));
    this.#printLine(['←', `${status} from ${url.host}`, ...this.#formatHeaders(fields), text]);
  }

  logFailure(url: URL, error: Error): void {
    this.#printLine([`← no response from ${url.host}: ${error.message}`]);
  }

  #printLine(parts: readonly string[]): void {
    this.#print(toPrintable(this.#secrets.redact(parts.filter(Boolean).join('  '))));
  }

  #hide(value: string): string {
    this.#secrets.add(value);
    return redactionMark;
  }

  /** Hides a value of a query, as it is written there and decoded. */
  #hideParameter(value: string): string {
    this.#hide(new URLSearchParams(`x=${value}`).get('x') ?? '');
    return this.#hide(value);
  }

  #formatHeaders(fields: readonly (readonly [name: string, value: string])[]): string[] {
    return fields
      .filter(([name]) => !uninterestingHeaders.includes(name))
      .map(([name, value]) => `${name}: ${this.#formatHeader(name, value)}`);
  }

  #formatHeader(name: string, value: string): string {
    if (name === 'authorization') {
      const [scheme = '', ...credentials] = value.split(' ');
      return `${scheme} ${this.#hide(credentials.join(' '))}`;
    }
    if (name === 'www-authenticate') return this.#formatChallenge(value);
    return isHarmlessHeader(name) ? this.#formatText(value) : this.#hide(value);
  }

  /** A challenge: its scheme and its known parameters. Everything else may be a ticket, so it is hidden. */
  #formatChallenge(value: string): string {
    const withoutParameters = value.replace(
      /(?<![\w-])([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*(?:"|$)|[^\s,"]+)/g,
      (all, name: string, given: string) =>
        isHarmlessParameter(name.toLowerCase()) ? all : `${name}=${this.#hide(given.replace(/^"|"$/g, ''))}`,
    );
    const withoutTickets = withoutParameters.replace(
      /(?<![\w.~+/-])[\w.~+/-]{20,}={0,2}(?=\s*(,|$))/g,
      (word, _, at: number, all: string) => (/[\s,]/.test(all[at - 1] ?? ',') ? this.#hide(word) : word),
    );
    return this.#formatSentence(withoutTickets);
  }

  #formatBody(text: string, type: string): string {
    if (type.startsWith('application/x-www-form-urlencoded')) return this.#formatQuery(new URLSearchParams(text));
    try {
      const members = Object.entries(JSON.parse(text) as object)
        .slice(0, maxMembers)
        .map(([name, member]) => [this.#formatSentence(name), this.#redactMember(name, member)] as const);
      return JSON.stringify(Object.fromEntries(members));
    } catch {
      return `(${text.length} characters)`;
    }
  }

  #redactMember(name: string, value: unknown): unknown {
    if (typeof value === 'string') return isHarmlessParameter(name) ? this.#formatText(value) : this.#hide(value);
    if (Array.isArray(value)) return value.slice(0, maxMembers).map((one) => this.#redactMember(name, one));
    if (typeof value !== 'object' || value === null) return value;
    this.#noteNestedSecrets(name, value);
    return redactionMark;
  }

  #noteNestedSecrets(name: string, value: unknown, depth = 0): void {
    if (typeof value === 'string' && secretName.test(name)) this.#secrets.add(value);
    if (typeof value !== 'object' || value === null || depth >= maxDepth) return;
    for (const [key, member] of Object.entries(value).slice(0, maxMembers))
      this.#noteNestedSecrets(Array.isArray(value) ? name : key, member, depth + 1);
  }

  /** A value that may be a URL. */
  #formatText(value: string): string {
    const url = /^https?:[^\s]*$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
    const formatted = url && this.#formatUrl(url);
    // If nothing was hidden, the URL is shown as it was written: a slash at its end may be the problem.
    return formatted === undefined || formatted === url?.href ? this.#formatSentence(value) : formatted;
  }

  /** A text in which URLs, also relative ones, may contain secrets. */
  #formatSentence(text: string): string {
    const withoutUsers = text.replace(/(\/\/)([^\s/?#@"]*)@/g, (_, slashes: string, user: string) => `${slashes}${this.#hide(user)}@`);
    const withoutQueries = withoutUsers.replace(
      /([?&#;])([^\s=&?#;"]+)=([^\s&#;"'<>]+)/g,
      (_, mark: string, name: string, value: string) => `${mark}${name}=${isHarmlessParameter(name) ? value : this.#hideParameter(value)}`,
    );
    return shorten(withoutQueries.replace(/\/[^\s"'<>?#]*/g, (path) => this.#formatPath(path)));
  }

  #formatUrl(url: URL): string {
    const query = url.search === '' ? '' : `?${this.#formatQuery(url.searchParams)}`;
    return shorten(`${url.origin}${this.#formatPath(url.pathname)}${query}`);
  }

  /** A path segment may be a secret: some services give every customer a URL of their own. */
  #formatPath(path: string): string {
    return path
      .split('/')
      .map((segment) => (looksRandom(segment) ? this.#hide(segment) : segment))
      .join('/');
  }

  #formatQuery(query: URLSearchParams): string {
    return [...query]
      .map(([name, value]) => `${name}=${isHarmlessParameter(name) ? this.#formatText(value) : this.#hide(value)}`)
      .join('&');
  }
}

function findContentType(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields.find(([name]) => name === 'content-type')?.[1] ?? '';
}

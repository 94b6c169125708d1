/**
 * What went over the wire, for `--debug`: one line a request and one an answer, safe to be shown to others.
 *
 * Only what is known to be harmless is shown, by its name; everything else is `…`. What was hidden once is also hidden
 * where a server repeats it in its own words.
 */
import type { HttpResponse, Secrets } from '../effects.js';
import { createSecrets, redactionMark } from '../secrets/secrets.js';
import { looksRandom, toPrintable, shorten } from '../text/server-text.js';
import { isHarmlessParameter, isHarmlessHeader, noteFormSecrets, noteRequestSecrets } from './secret-fields.js';

export interface Trace {
  logRequest(url: URL, request: { method: string; headers: Record<string, string>; body: string | URLSearchParams | null }): void;
  /** @param body where it was read. */
  logResponse(url: URL, answer: Pick<HttpResponse, 'status' | 'headers'>, body?: Buffer): void;
  logFailure(url: URL, error: Error): void;
}

/** Members of one object, and items of one list, that are shown. */
const mostMembers = 100;
/** Levels of an answer in which secrets are looked for. */
const deepest = 8;
/** Members whose values are secret however deep they are. */
const secretName = /token|secret|key|passw|code|assertion|cred|cookie|jwt|session/i;
/** Answers' headers that are not shown, and whose values may come again. */
const secretHeaders = ['set-cookie', 'mcp-session-id', 'dpop-nonce'];

/**
 * @param tell is given one line at a time.
 * @param secrets has what is known to be secret already, and is told what is found.
 */
export function createTrace(tell: (line: string) => void, secrets: Secrets = createSecrets()): Trace {
  const hide = (value: string): string => {
    secrets.add(value);
    return redactionMark;
  };
  const say = (line: string) => tell(toPrintable(secrets.redact(line)));

  const shownPair = (name: string, value: string): string => `${name}=${isHarmlessParameter(name) ? shownText(value) : hide(value)}`;
  const shownQuery = (query: URLSearchParams): string => [...query].map(([name, value]) => shownPair(name, value)).join('&');
  /** A piece of a path may be a secret too: some services give every customer an address of their own. */
  const shownPath = (path: string): string =>
    path
      .split('/')
      .map((piece) => (looksRandom(piece) ? hide(piece) : piece))
      .join('/');
  const shownUrl = (url: URL): string =>
    shorten(`${url.origin}${shownPath(url.pathname)}${url.search === '' ? '' : `?${shownQuery(url.searchParams)}`}`);
  /** Words, with what stands in the addresses in them hidden, relative ones too. */
  const shownWords = (words: string): string => {
    const withoutUser = words.replace(/(\/\/)([^\s/?#@"]*)@/g, (_, slashes: string, user: string) => `${slashes}${hide(user)}@`);
    const withoutQueries = withoutUser.replace(
      /([?&#;])([^\s=&?#;"]+)=([^\s&#;"'<>]+)/g,
      (_, mark: string, name: string, value: string) => `${mark}${name}=${isHarmlessParameter(name) ? value : hideBoth(value)}`,
    );
    return shorten(withoutQueries.replace(/\/[^\s"'<>?#]*/g, shownPath));
  };
  /** As it stands in an address, and as it is meant. */
  const hideBoth = (value: string): string => {
    hide(new URLSearchParams(`x=${value}`).get('x') ?? '');
    return hide(value);
  };
  const shownText = (value: string): string => {
    const url = /^https?:[^\s]*$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
    const shown = url && shownUrl(url);
    // As it was written, where nothing had to be hidden: a slash at the end may be what is wrong.
    return shown === undefined || shown === url?.href ? shownWords(value) : shown;
  };
  /** A challenge: its scheme, and the parameters that are known; the rest may be a ticket. */
  const shownChallenge = (value: string): string =>
    shownWords(
      value
        .replace(/(?<![\w-])([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*(?:"|$)|[^\s,"]+)/g, (all, name: string, given: string) =>
          isHarmlessParameter(name.toLowerCase()) ? all : `${name}=${hide(given.replace(/^"|"$/g, ''))}`,
        )
        .replace(/(?<![\w.~+/-])[\w.~+/-]{20,}={0,2}(?=\s*(,|$))/g, (word, _, at: number, all: string) =>
          /[\s,]/.test(all[at - 1] ?? ',') ? hide(word) : word,
        ),
    );

  const shownHeader = ([name, value]: [string, string]): string => {
    if (name === 'authorization') return `${name}: ${value.split(' ')[0] ?? ''} ${hide(value.split(' ').slice(1).join(' '))}`;
    if (name === 'www-authenticate') return `${name}: ${shownChallenge(value)}`;
    return `${name}: ${isHarmlessHeader(name) ? shownText(value) : hide(value)}`;
  };
  /** Notes what is secret in what is not shown. */
  const noteWithin = (name: string, value: unknown, depth = 0): string => {
    if (typeof value === 'string' && secretName.test(name)) secrets.add(value);
    if (typeof value === 'object' && value !== null && depth < deepest)
      for (const [key, one] of Object.entries(value).slice(0, mostMembers)) noteWithin(Array.isArray(value) ? name : key, one, depth + 1);
    return redactionMark;
  };
  const shownMember = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') return isHarmlessParameter(name) ? shownText(value) : hide(value);
    if (Array.isArray(value)) return value.slice(0, mostMembers).map((one) => shownMember(name, one));
    return typeof value === 'object' && value !== null ? noteWithin(name, value) : value;
  };
  const shownBody = (text: string, type: string): string => {
    if (type.startsWith('application/x-www-form-urlencoded')) return shownQuery(new URLSearchParams(text));
    try {
      const value = JSON.parse(text) as object;
      const members = Object.entries(value)
        .slice(0, mostMembers)
        .map(([name, member]) => [shownWords(name), shownMember(name, member)] as const);
      return JSON.stringify(Object.fromEntries(members));
    } catch {
      return `(${text.length} characters)`;
    }
  };

  return {
    logRequest: (url, { method, headers, body }) => {
      noteRequestSecrets({ url, headers }, secrets);
      if (body instanceof URLSearchParams) noteFormSecrets(body, secrets);
      const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as [string, string]);
      const type = fields.find(([name]) => name === 'content-type')?.[1] ?? '';
      const form = body instanceof URLSearchParams ? shownQuery(body) : body === null ? '' : shownBody(body, type);
      const parts = fields.filter(([name]) => !['user-agent', 'accept', 'accept-encoding'].includes(name)).map(shownHeader);
      say(['→', `${method} ${shownUrl(url)}`, ...parts, form].filter(Boolean).join('  '));
    },
    logResponse: (url, { status, headers }, body) => {
      const pairs = Object.entries(headers).filter((field): field is [string, string] => typeof field[1] === 'string');
      const fields = pairs.filter(([name]) => isHarmlessHeader(name) && name !== 'date' && name !== 'server');
      for (const [name, value] of pairs) if (secretHeaders.includes(name)) secrets.add(value);
      const type = fields.find(([name]) => name === 'content-type')?.[1] ?? '';
      const text = body === undefined || body.length === 0 ? '' : shownBody(body.toString(), type);
      say(['←', `${status} from ${url.host}`, ...fields.map(shownHeader), text].filter(Boolean).join('  '));
    },
    logFailure: (url, error) => say(`← nothing from ${url.host}: ${error.message}`),
  };
}

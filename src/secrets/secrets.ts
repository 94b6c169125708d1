/**
 * What one run of the program knows and must not tell. What is secret is noted where it comes from or goes to, and taken out where
 * words are told: of sentences, which may repeat a server's words and addresses, and of `--debug` lines.
 *
 * A server that repeats what it was sent may write it in another way: see letters.ts.
 */
import type { Secrets, SecretSource } from '../effects.js';
import { looksRandom } from '../text/server-text.js';
import { extractLetters } from './letters.js';
import { createSearch, type Search } from './search.js';

export const redactionMark = '…';
/** Characters: what is shorter is no secret, and would be found in every word. */
const shortestSecret = 6;
/** What is shorter than that is a word of many. */
const shortestPart = 8;
/** Values that are remembered, the newest of them: a bridge may run for months. */
const mostValues = 1000;

export function createSecrets(): Secrets {
  const noted = new Map<string, Noted>();
  const sources: (() => Search)[] = [];
  /** Made of `noted` when it is needed, and made anew when that has changed. */
  let search: Search | undefined;
  const add = (value: string, replacement = redactionMark) => {
    if (value.length < shortestSecret) return;
    const known = noted.get(value);
    noted.delete(value);
    noted.set(value, known ?? notedOf(value, replacement));
    if (known !== undefined) return;
    search = undefined;
    const [oldest] = noted.keys();
    if (noted.size > mostValues && oldest !== undefined) noted.delete(oldest);
  };
  const addAddress = (url: string) => {
    for (const part of keysIn(url)) add(part);
  };
  const hidden = (text: string) => {
    search ??= createSearch([...noted.values()]);
    return without(text, [search, ...sources.map((searchOf) => searchOf())]);
  };
  return {
    add,
    addUrl: addAddress,
    addSource: (source) => void sources.push(searchOfSource(source)),
    redact: hidden,
    redactSentence: (text) =>
      text
        .replace(inQuotes, (words) => hidden(withoutKeys(words)))
        .replace(addressOutside, (address) => {
          const [, host = '', rest = ''] = /^(https?:\/\/[^/?#]*)(.*)$/is.exec(withoutKeys(address)) ?? [];
          return `${host}${hidden(rest)}`;
        }),
  };
}

/** Variables of the environment that hold a secret of mcp-auth. */
const secretVariable = /^MCP_AUTH_.*(SECRET|TOKEN)$/;

/** What a run is given that it must not tell: by its environment, and in the words that were typed. */
export function collectSecrets(variables: Readonly<Record<string, string | undefined>>, typed: readonly string[] = []): Secrets {
  const secrets = createSecrets();
  for (const [name, value] of Object.entries(variables)) if (secretVariable.test(name)) secrets.add(value ?? '');
  for (const [index, word] of typed.entries()) {
    if (word.includes('://')) secrets.addUrl(word);
    const header = /^--header=(.*)$/s.exec(word)?.[1] ?? (typed[index - 1] === '--header' ? word : '');
    secrets.add(header.slice(header.indexOf(':') + 1).trim());
  }
  return secrets;
}

/** An error as it may be told, in all that it says: its stack repeats its message. Changes `error`. */
export function redactError<E extends Error>(error: E, { secrets }: { readonly secrets?: Secrets }): E {
  if (secrets === undefined) return error;
  const { message } = error;
  const told = secrets.redactSentence(message);
  const { stack } = error;
  const words = Object.entries(error).filter((member): member is [string, string] => typeof member[1] === 'string');
  const others = Object.fromEntries(words.filter(([name]) => name !== 'code').map(([name, text]) => [name, toldOf(name, text, secrets)]));
  return Object.assign(error, others, { message: told }, stack !== undefined && { stack: stack.replace(message, () => told) });
}

/** A hint is a sentence of ours; an authorization server’s words are all its own. */
function toldOf(name: string, text: string, secrets: Secrets): string {
  return name === 'hint' ? secrets.redactSentence(text) : secrets.redact(text);
}

/** A value with the forms that it is looked for in, and what is told in its place. */
interface Noted {
  readonly forms: readonly string[];
  /** What has to be found to the letter. */
  readonly exact: readonly string[];
  readonly replacement: string;
}

function notedOf(value: string, replacement: string): Noted {
  return { forms: formsOf(value), exact: exactFormsOf(value), replacement };
}

function searchOfSource(source: () => SecretSource): () => Search {
  let last: SecretSource | undefined;
  let search = createSearch([]);
  return () => {
    const now = source();
    if (now !== last) {
      const values = new Set([...now.values, ...now.urls.flatMap(keysIn)]);
      search = createSearch([...values].filter((value) => value.length >= shortestSecret).map((value) => notedOf(value, redactionMark)));
      last = now;
    }
    return search;
  };
}

const inQuotes = /“[^“”]*”/g;
const addressOutside = /https?:\/\/[^\s“”"'<>]+/gi;

/** The letters that a text has if it has the value: as it is, in parts, in base64 at any place, in hexadecimal. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = [value, bytes.toString('hex'), ...[0, 1, 2].map((place) => base64At(bytes, place))];
  const forms = [...whole, ...partsOf(value)].map((form) => extractLetters(form).text);
  return [...new Set(forms)].filter((form) => form.length >= shortestSecret);
}

/** A secret that is mostly no letters is known by what it is. */
function exactFormsOf(value: string): string[] {
  return extractLetters(value).text.length < shortestSecret ? [value, encodeURIComponent(value.toWellFormed())] : [];
}

/** What stands in base64 wherever these bytes do, `place` bytes after a group's beginning: without what others have a part in. */
function base64At(bytes: Buffer, place: number): string {
  const whole = Buffer.concat([Buffer.alloc(place), bytes]);
  const text = whole.toString('base64').replace(/={1,2}$/, '');
  return text.slice(Math.ceil((place * 8) / 6), whole.length % 3 === 0 ? undefined : -1);
}

/** A JWT's parts, and the lines, words and pairs of a value of several. */
function partsOf(value: string): string[] {
  const isJwt = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(value);
  return value.split(isJwt ? '.' : /[\s;,:=]+/).filter((part) => part.length >= shortestPart && !part.startsWith('-----'));
}

/** Names of parameters whose values are keys. */
const keyName = /key|token|secret|passw|pwd|sig|auth|cred|code|session|jwt|assertion/i;

/** Whether a parameter's value looks like a key, by its name or by itself. */
export function looksLikeKey(name: string, value: string): boolean {
  if (value.length < shortestSecret) return false;
  return keyName.test(name) || looksRandom(value);
}

/** The keys in an address: in its path, its query, its fragment, and before its host. */
function keysIn(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { pathname, searchParams, hash, username, password } = new URL(address);
  const inQuery = [...searchParams, ...new URLSearchParams(hash.slice(1))].filter(([name, value]) => looksLikeKey(name, value));
  return [username, password, ...inQuery.map(([, value]) => value), ...pathname.split('/').filter(looksRandom)];
}

/** A text with the keys in its addresses shortened away, wherever they come from. */
function withoutKeys(text: string): string {
  return text
    .replace(/(https?:\/\/)[^\s/?#@“”]*@/gi, `$1${redactionMark}@`)
    .replace(/([?&#;])([^\s=&?#;“”]+)=([^\s&#;“”"'<>]+)/g, (all, mark: string, name: string, value: string) =>
      looksLikeKey(name, value) ? `${mark}${name}=${redactionMark}` : all,
    );
}

function without(whole: string, searches: readonly Search[]): string {
  const exact = searches.flatMap((search) => search.exact);
  const text = exact.reduce((rest, { form, replacement }) => rest.replaceAll(form, () => replacement), whole);
  const letters = extractLetters(text);
  const cuts = cutsIn(text);
  const found = searches.flatMap((search) => search.findMatches(letters, cuts));
  if (found.length === 0) return text;
  // The longest of those that begin at one place: the others are in it.
  found.sort((one, other) => one.start - other.start || other.end - one.end);
  let shown = '';
  let at = 0;
  for (const { start, end, replacement: replacement } of found) {
    if (start >= at) shown += text.slice(at, start) + replacement;
    at = Math.max(at, end);
  }
  return shown + text.slice(at);
}

/** Where a text was cut, or has had something taken out. */
function cutsIn(text: string): number[] {
  const cuts: number[] = [];
  for (let cut = text.indexOf(redactionMark); cut !== -1; cut = text.indexOf(redactionMark, cut + 1)) cuts.push(cut);
  return cuts;
}

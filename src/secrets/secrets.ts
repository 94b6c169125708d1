/**
 * The secrets of one run of the program. They are noted where they are read or sent, and redacted in everything that is
 * printed: in sentences, which may repeat a server's text and URLs, and in the lines of `--debug`.
 *
 * A server that repeats a secret may write it in another form: see forms.ts and letters.ts.
 */
import type { Secrets, SecretSource } from '../effects.js';
import { createSearchTerms, minSecretLength } from './forms.js';
import { findKeys, hideKeys, redactionMark } from './keys.js';
import { extractLetters } from './letters.js';
import { Search, type SearchTerms } from './search.js';

export { redactionMark };

/** The newest values are kept, because a bridge may run for months. */
const maxValues = 1000;
const inQuotationMarks = /“[^“”]*”/g;
const urlOutsideQuotationMarks = /https?:\/\/[^\s“”"'<>]+/gi;

interface Noted {
  readonly replacement: string;
  terms?: SearchTerms;
}

export class NotedSecrets implements Secrets {
  /** By value, the least recently noted first. What to search for is computed when something is printed, which most runs never do. */
  readonly #noted = new Map<string, Noted>();
  readonly #sources: SourceSearch[] = [];
  /** A search for `#noted`; undefined when that has changed. */
  #search: Search | undefined;
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  add(value: string, replacement = redactionMark): void {
    if (value.length < minSecretLength) return;
    const known = this.#noted.get(value);
    this.#noted.delete(value);
    this.#noted.set(value, known ?? { replacement });
    if (known !== undefined) return;
    this.#search = undefined;
    this.#revision += 1;
    const [oldest] = this.#noted.keys();
    if (this.#noted.size > maxValues && oldest !== undefined) this.#noted.delete(oldest);
  }

  addUrl(url: string): void {
    for (const key of findKeys(url)) this.add(key);
  }

  addSource(readSource: () => SecretSource): void {
    this.#sources.push(new SourceSearch(readSource));
  }

  redact(text: string): string {
    this.#search ??= new Search([...this.#noted].map(([value, noted]) => (noted.terms ??= createSearchTerms(value, noted.replacement))));
    return redactMatches(text, [this.#search, ...this.#sources.map((source) => source.current())]);
  }

  redactSentence(text: string): string {
    return text
      .replace(inQuotationMarks, (words) => this.redact(hideKeys(words)))
      .replace(urlOutsideQuotationMarks, (url) => {
        const [, origin = '', rest = ''] = /^(https?:\/\/[^/?#]*)(.*)$/is.exec(hideKeys(url)) ?? [];
        return `${origin}${this.redact(rest)}`;
      });
  }
}

/** A search for the secrets of one source, created again only if the source returns another object. */
class SourceSearch {
  readonly #readSource: () => SecretSource;
  #last: SecretSource | undefined;
  #search = new Search([]);

  constructor(readSource: () => SecretSource) {
    this.#readSource = readSource;
  }

  current(): Search {
    const source = this.#readSource();
    if (source === this.#last) return this.#search;
    const values = new Set([...source.values, ...source.urls.flatMap(findKeys)]);
    const secrets = [...values].filter((value) => value.length >= minSecretLength);
    this.#last = source;
    this.#search = new Search(secrets.map((value) => createSearchTerms(value, redactionMark)));
    return this.#search;
  }
}

/** Environment variables with secrets of mcp-auth. */
const secretVariable = /^MCP_AUTH_.*(SECRET|TOKEN)$/;

/** Collects the secrets that a run starts with: from its environment and its command line. */
export function collectSecrets(variables: Readonly<Record<string, string | undefined>>, argv: readonly string[] = []): Secrets {
  const secrets = new NotedSecrets();
  for (const [name, value] of Object.entries(variables)) if (secretVariable.test(name)) secrets.add(value ?? '');
  for (const [index, word] of argv.entries()) {
    if (word.includes('://')) secrets.addUrl(word);
    const header = /^--header=(.*)$/s.exec(word)?.[1] ?? (argv[index - 1] === '--header' ? word : '');
    secrets.add(header.slice(header.indexOf(':') + 1).trim());
  }
  return secrets;
}

/** Redacts all texts of an error, also its stack, which repeats its message. Changes `error`. */
export function redactError<E extends Error>(error: E, { secrets }: { readonly secrets?: Secrets }): E {
  if (secrets === undefined) return error;
  const { message, stack } = error;
  const redacted = secrets.redactSentence(message);
  const texts = Object.entries(error).filter((member): member is [string, string] => typeof member[1] === 'string' && member[0] !== 'code');
  const members = Object.fromEntries(texts.map(([name, text]) => [name, redactMember(name, text, secrets)]));
  return Object.assign(error, members, { message: redacted }, stack !== undefined && { stack: stack.replace(message, () => redacted) });
}

/** A hint is a sentence of mcp-auth; other members, as an OAuth error description, are a server's text. */
function redactMember(name: string, text: string, secrets: Secrets): string {
  return name === 'hint' ? secrets.redactSentence(text) : secrets.redact(text);
}

function redactMatches(whole: string, searches: readonly Search[]): string {
  const exact = searches.flatMap((search) => search.exact);
  const text = exact.reduce((rest, { form, replacement }) => rest.replaceAll(form, () => replacement), whole);
  const letters = extractLetters(text);
  const cuts = findCuts(text);
  const matches = searches.flatMap((search) => search.findMatches(letters, cuts));
  if (matches.length === 0) return text;
  // Of the matches with the same start, the longest comes first and includes the others.
  matches.sort((one, other) => one.start - other.start || other.end - one.end);
  let redacted = '';
  let at = 0;
  for (const { start, end, replacement } of matches) {
    if (start >= at) redacted += text.slice(at, start) + replacement;
    at = Math.max(at, end);
  }
  return redacted + text.slice(at);
}

/** Where a text was cut off or redacted before. */
function findCuts(text: string): number[] {
  const cuts: number[] = [];
  for (let cut = text.indexOf(redactionMark); cut !== -1; cut = text.indexOf(redactionMark, cut + 1)) cuts.push(cut);
  return cuts;
}

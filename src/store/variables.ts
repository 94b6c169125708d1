import type { Env, Secrets } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { isSameUrl } from './document.js';

/** Characters that a text may have before and after: no address and no header is as long. */
const longest = 64 * 1024;

/** Characters of a part of an address that is told by its variable: a shorter one is a word of many addresses. */
const shortestPart = 8;

/** A variable in a text, from `start` up to `end`. */
export interface VariableReference {
  readonly name: string;
  readonly defaultValue?: string;
  readonly start: number;
  readonly end: number;
}

/**
 * `${VAR}` and `${VAR:-default}` in what apps and people wrote, as it is used; in the store it stays as it is.
 *
 * @param what names the text in an error.
 * @throws AuthError `variable_unset`; `usage` for a text of more than 64 Ki characters.
 */
export function expandVariables(
  text: string,
  { variables, secrets }: Pick<Env, 'variables' | 'secrets'>,
  what = 'The URL of the server',
): string {
  return replaceReferences(text, what, ({ name, defaultValue: otherwise, start }) => {
    const value = variables[name] === '' ? undefined : variables[name];
    if (value !== undefined && secrets) noteValue({ name, value, before: text.slice(0, start) }, secrets);
    if (value !== undefined) return value;
    if (otherwise !== undefined) return otherwise;
    throw new AuthError('variable_unset', `${what} names \${${name}}, which is not set.`, {
      hint: `Set ${name} in the environment.`,
    });
  });
}

/** What comes of a variable is told by its name, but for a host, which everyone on the way sees, and people have to. */
function noteValue({ name, value, before }: { name: string; value: string; before: string }, secrets: Secrets): void {
  const isAddress = /^https?:\/\//i.test(value);
  const isInHost = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*$/i.test(before);
  const told = isAddress || isInHost ? value.replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/?#]*/i, '') : value;
  secrets.add(told, `\${${name}}`);
  if (told === value) return;
  secrets.addUrl(isAddress ? value : `${before}${value}`);
  for (const part of told.split(/[/?&=#]/).filter((one) => one.length >= shortestPart)) secrets.add(part, `\${${name}}`);
}

/** The text with something in the place of each of its variables. Throws as `expandVariables` does for one that is too long. */
export function replaceReferences(text: string, what: string, valueOf: (reference: VariableReference) => string): string {
  const parts: string[] = [];
  let length = text.length;
  let at = 0;
  for (const reference of length > longest ? [] : referencesIn(text)) {
    const value = valueOf(reference);
    parts.push(text.slice(at, reference.start), value);
    length += value.length;
    if (length > longest) break;
    at = reference.end;
  }
  if (length > longest) throw new AuthError('usage', `${what} has more than ${longest} characters.`);
  return parts.join('') + text.slice(at);
}

/** The variables in a text, in time that grows as its length does. */
function* referencesIn(text: string): Generator<VariableReference> {
  const opening = /\$\{(\w+)(:-|\})/g;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const [, name = '', mark] = match;
    const inner = opening.lastIndex;
    const end = mark === '}' ? inner : text.indexOf('}', inner) + 1;
    // Without an end for this one there is none for any that follows.
    if (end === 0) return;
    yield { name, start: match.index, end, ...(mark !== '}' && { defaultValue: text.slice(inner, end - 1) }) };
    opening.lastIndex = end;
  }
}

/** Whether all that a text names is set, or has a default. */
export function isExpandable(text: string, env: Pick<Env, 'variables' | 'secrets'>): boolean {
  try {
    expandVariables(text, env);
    return true;
  } catch (error) {
    if (hasCode(error, 'variable_unset')) return false;
    throw error;
  }
}

/** The variables that a text names: whoever it leads to is told what is in them. */
export function listVariables(text: string): string[] {
  return [...referencesIn(text)].map(({ name }) => name);
}

/** Those of them that have neither a value nor a default here. */
export function listUnsetVariables(text: string, { variables }: Pick<Env, 'variables'>): string[] {
  const unset = [...referencesIn(text)].filter(({ name, defaultValue: otherwise }) => otherwise === undefined && !variables[name]);
  return [...new Set(unset.map(({ name }) => name))];
}

/** Whether a server's URL, as it is used, is `url`. */
export function expandsToUrl(written: unknown, url: string, env: Pick<Env, 'variables' | 'secrets'>): boolean {
  if (typeof written !== 'string') return false;
  try {
    return isSameUrl(expandVariables(written, env), url);
  } catch (error) {
    if (hasCode(error, 'variable_unset', 'usage')) return false;
    throw error;
  }
}

/** Reads an environment variable. An empty value counts as not set. */
export function readVariable({ variables }: Pick<Env, 'variables'>, name: string): string | undefined {
  return variables[name] === '' ? undefined : variables[name];
}

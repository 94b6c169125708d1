import type { Env, Secrets } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { isSameUrl } from './document.js';

/** Characters of a text, before and after it is expanded: far more than a URL or header has. */
const maxLength = 64 * 1024;

/** A part of a URL with fewer characters is not redacted by itself: it may be a word of many URLs. */
const minSecretPart = 8;

/** A variable in a text, from index `start` up to `end`. */
export interface VariableReference {
  readonly name: string;
  readonly defaultValue?: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Expands `${VAR}` and `${VAR:-default}` with environment variables. The store keeps the text unexpanded.
 *
 * @param what describes the text in an error.
 * @throws AuthError `variable_unset`; `usage` for a text of more than 64 Ki characters.
 */
export function expandVariables(
  text: string,
  { variables, secrets }: Pick<Env, 'variables' | 'secrets'>,
  what = 'The URL of the server',
): string {
  return replaceReferences(text, what, ({ name, defaultValue, start }) => {
    const value = variables[name] === '' ? undefined : variables[name];
    if (value !== undefined && secrets) redactValue({ name, value, before: text.slice(0, start) }, secrets);
    if (value !== undefined) return value;
    if (defaultValue !== undefined) return defaultValue;
    throw new AuthError('variable_unset', `${what} names \${${name}}, which is not set.`, {
      hint: `Set ${name} in the environment.`,
    });
  });
}

/** Redacts a variable's value in all output, except a host: that is not secret, and the user has to see it. */
function redactValue({ name, value, before }: { name: string; value: string; before: string }, secrets: Secrets): void {
  const isUrl = /^https?:\/\//i.test(value);
  const isInHost = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*$/i.test(before);
  const secret = isUrl || isInHost ? value.replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/?#]*/i, '') : value;
  secrets.add(secret, `\${${name}}`);
  if (secret === value) return;
  secrets.addUrl(isUrl ? value : `${before}${value}`);
  for (const part of secret.split(/[/?&=#]/).filter((one) => one.length >= minSecretPart)) secrets.add(part, `\${${name}}`);
}

/** Replaces each variable of a text by `valueOf(variable)`. Throws `usage`, as `expandVariables` does, for a text that is too long. */
export function replaceReferences(text: string, what: string, valueOf: (reference: VariableReference) => string): string {
  const parts: string[] = [];
  let length = text.length;
  let at = 0;
  for (const reference of length > maxLength ? [] : findReferences(text)) {
    const value = valueOf(reference);
    parts.push(text.slice(at, reference.start), value);
    length += value.length;
    if (length > maxLength) break;
    at = reference.end;
  }
  if (length > maxLength) throw new AuthError('usage', `${what} has more than ${maxLength} characters.`);
  return parts.join('') + text.slice(at);
}

/** The variables in a text, in linear time. */
function* findReferences(text: string): Generator<VariableReference> {
  const opening = /\$\{(\w+)(:-|\})/g;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const [, name = '', mark] = match;
    const inner = opening.lastIndex;
    const end = mark === '}' ? inner : text.indexOf('}', inner) + 1;
    // If this one is not closed, none of those after it is.
    if (end === 0) return;
    yield { name, start: match.index, end, ...(mark !== '}' && { defaultValue: text.slice(inner, end - 1) }) };
    opening.lastIndex = end;
  }
}

/** Whether each variable of a text is set or has a default. */
export function isExpandable(text: string, env: Pick<Env, 'variables' | 'secrets'>): boolean {
  try {
    expandVariables(text, env);
    return true;
  } catch (error) {
    if (hasCode(error, 'variable_unset')) return false;
    throw error;
  }
}

/** The names of the variables in a text. For a URL: its server receives their values. */
export function listVariables(text: string): string[] {
  return [...findReferences(text)].map(({ name }) => name);
}

/** The variables of a text that are not set and have no default. */
export function listUnsetVariables(text: string, { variables }: Pick<Env, 'variables'>): string[] {
  const unset = [...findReferences(text)].filter(({ name, defaultValue }) => defaultValue === undefined && !variables[name]);
  return [...new Set(unset.map(({ name }) => name))];
}

/** Whether a server's URL in the store, once expanded, is `url`. */
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

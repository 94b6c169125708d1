/** Reads the headers of an app's entry in the store's notation. Pure functions. */
import { isHeaderName, isHeaderValue, reservedHeaders } from '../http/header-line.js';
import { isObject } from '../text/json.js';
import { quote, redactCredentials } from '../text/server-text.js';
import { translateVariables, explainAppVariable } from './notation.js';

export interface EntryHeader {
  readonly name: string;
  /** With variables in the store's notation. */
  readonly value: string;
  /** Why it cannot be imported, as the end of a sentence. */
  readonly problem?: string;
  /** Whether the value seems to be a secret and not a variable. */
  readonly isSecret: boolean;
}

/**
 * The headers of an entry in any app's format, except those that mcp-auth sets on every request. `Authorization` is included
 * with a problem, because the login replaces it.
 */
export function readEntryHeaders(
  entry: Readonly<Record<string, unknown>>,
  { bare = false }: { bare?: boolean | undefined },
): EntryHeader[] {
  const { headers, http_headers, env_http_headers, requestOptions, remote } = entry;
  const written = [headers, http_headers, ...[requestOptions, remote].map((inner) => (isObject(inner) ? inner['headers'] : undefined))];
  // In Codex, the values of this key are names of variables.
  const fromVariables = toPairs(env_http_headers).map(([name, variable]) => [name, `\${${variable}}`] as const);
  const all = [...written.flatMap(toPairs), ...fromVariables, ...readCommandHeaders(entry)];
  const byName = new Map(all.map(([name, value]) => [name.toLowerCase(), { name, value }]));
  return [...byName.values()].filter(({ name }) => !reservedHeaders.has(name.toLowerCase())).map((one) => toEntryHeader(one, bare));
}

function toEntryHeader({ name, value }: { name: string; value: string }, bare: boolean): EntryHeader {
  const { text, appVariables } = translateVariables(value, { bare });
  const [first] = appVariables;
  const problem =
    name.toLowerCase() === 'authorization'
      ? 'the login replaces it'
      : first !== undefined
        ? `its value has ${quote(first)}, ${explainAppVariable(first)}`
        : isHeaderName(name) && isHeaderValue(text)
          ? undefined
          : 'it is not a valid header';
  return { name, value: text, ...(problem !== undefined && { problem }), isSecret: seemsSecret(name, text) };
}

function seemsSecret(name: string, value: string): boolean {
  const literal = value.replace(/\$\{\w+\}/g, '').trim();
  if (literal === '' || /^(bearer|basic|token)$/i.test(literal)) return false;
  return /key|token|secret|auth|pass|cookie|credential|session|signature/i.test(name) || redactCredentials(literal) !== literal;
}

/** `mcp-remote URL --header 'Name: value'`. Variables in a value may be defined in the entry's own `env`. */
function readCommandHeaders({ command, args, env }: Readonly<Record<string, unknown>>): (readonly [string, string])[] {
  const words: unknown[] = [command, args].flat();
  const own = new Map(toPairs(env));
  return words.flatMap((word, at) => {
    const line: unknown = word === '--header' ? words[at + 1] : undefined;
    const [, name = '', value = ''] = typeof line === 'string' ? (/^([^:\s]+):\s*(.*)$/s.exec(line) ?? []) : [];
    return name === '' ? [] : [[name, value.replace(/\$\{(\w+)\}/g, (one, variable: string) => own.get(variable) ?? one)] as const];
  });
}

/** The members of an object whose value is a string, a number or a boolean. */
function toPairs(value: unknown): (readonly [string, string])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? [[name, String(one)] as const] : [],
  );
}

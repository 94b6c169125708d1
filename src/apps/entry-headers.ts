/** The headers that an app's entry has for its server, as the store can have them. All pure. */
import { isHeaderName, isHeaderValue, reservedHeaders } from '../http/header-line.js';
import { isObject } from '../text/json.js';
import { quote, redactCredentials } from '../text/server-text.js';
import { translateVariables, explainAppVariable } from './notation.js';

export interface EntryHeader {
  readonly name: string;
  /** In the store's notation. */
  readonly value: string;
  /** Why the store cannot have it, as the end of a sentence. */
  readonly problem?: string;
  /** Whether the value itself, and no variable, seems to be what nobody else may see. */
  readonly isSecret: boolean;
}

/**
 * The headers of an entry in any app's notation, but for those that every request has by itself. `Authorization` is among
 * them, with its problem: the login takes its place.
 */
export function readEntryHeaders(
  entry: Readonly<Record<string, unknown>>,
  { bare = false }: { bare?: boolean | undefined },
): EntryHeader[] {
  const { headers, http_headers, env_http_headers, requestOptions, remote } = entry;
  const written = [headers, http_headers, ...[requestOptions, remote].map((inner) => (isObject(inner) ? inner['headers'] : undefined))];
  // Codex names variables there.
  const fromVariables = pairsOf(env_http_headers).map(([name, variable]) => [name, `\${${variable}}`] as const);
  const all = [...written.flatMap(pairsOf), ...fromVariables, ...headersOfCommand(entry)];
  const byName = new Map(all.map(([name, value]) => [name.toLowerCase(), { name, value }]));
  return [...byName.values()].filter(({ name }) => !reservedHeaders.has(name.toLowerCase())).map((one) => describe(one, bare));
}

function describe({ name, value }: { name: string; value: string }, bare: boolean): EntryHeader {
  const { text, appVariables: foreign } = translateVariables(value, { bare });
  const [first] = foreign;
  const problem =
    name.toLowerCase() === 'authorization'
      ? 'a login takes its place'
      : first !== undefined
        ? `its value has ${quote(first)}, ${explainAppVariable(first)}`
        : isHeaderName(name) && isHeaderValue(text)
          ? undefined
          : 'no header can be like that';
  return { name, value: text, ...(problem !== undefined && { problem }), isSecret: isSecret(name, text) };
}

function isSecret(name: string, value: string): boolean {
  const literal = value.replace(/\$\{\w+\}/g, '').trim();
  if (literal === '' || /^(bearer|basic|token)$/i.test(literal)) return false;
  return /key|token|secret|auth|pass|cookie|credential|session|signature/i.test(name) || redactCredentials(literal) !== literal;
}

/** `mcp-remote URL --header 'Name: value'`: what a value names may stand in the entry's own `env`. */
function headersOfCommand({ command, args, env }: Readonly<Record<string, unknown>>): (readonly [string, string])[] {
  const words: unknown[] = [command, args].flat();
  const own = new Map(pairsOf(env));
  return words.flatMap((word, at) => {
    const line: unknown = word === '--header' ? words[at + 1] : undefined;
    const [, name = '', value = ''] = typeof line === 'string' ? (/^([^:\s]+):\s*(.*)$/s.exec(line) ?? []) : [];
    return name === '' ? [] : [[name, value.replace(/\$\{(\w+)\}/g, (one, variable: string) => own.get(variable) ?? one)] as const];
  });
}

/** What has text, or a number, as its value. */
function pairsOf(value: unknown): (readonly [string, string])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? [[name, String(one)] as const] : [],
  );
}

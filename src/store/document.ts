/**
 * The shape of `mcp-servers.json`, and its servers. Only our members are read and changed; all others stay. The login of an
 * entry is read by login.ts, the registrations by clients.ts, the disk by store.ts. All functions here are pure.
 */
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { isDeeperThan, isObject, parseJson } from '../text/json.js';
import type { ClientInformation } from '../oauth/client-information.js';
import type { AuthEntry } from './login-members.js';

/** The whole file. Other programs may keep members of their own at every level. */
export interface StoreDocument {
  mcpServers?: Record<string, ServerEntry>;
  /** RFC 7591 client information by issuer. */
  oauthClients?: Record<string, ClientInformation[]>;
  [foreign: string]: unknown;
}

/** One server, as pflow and others write it. An entry without `url` is a local (stdio) server, which has no login. */
export interface ServerEntry {
  type?: string;
  url?: string;
  auth?: AuthEntry;
  /** The issuer that the authorization server at another address may call itself (`--trust-issuer`). */
  trusted_issuer?: string;
  /** That address: no other authorization server may use the issuer. */
  trusted_issuer_at?: string;
  /** The user's other settings of this server: see settings.ts. */
  login_options?: Record<string, unknown>;
  /** Sent to the server with every request; `${VAR}` in a value is an environment variable. */
  headers?: Record<string, string>;
  [foreign: string]: unknown;
}

/** Valid server names: pflow's rule, except `__proto__`, and short enough for the name of a file next to the store. */
export const serverNamePattern = /^(?!__proto__$)[A-Za-z0-9_-]{1,128}$/;

/** Levels of nesting that JSON.stringify can write on the smallest stack. */
const maxDepth = 1000;

/**
 * Parses the text of the store, or of a document on stdin. White space alone is an empty document.
 *
 * @param file the store's path, for messages; undefined for stdin.
 * @throws AuthError `store_invalid` with the file and the position, but no text of the file, which holds tokens.
 */
export async function parseDocument(text: string, file: string | undefined): Promise<StoreDocument> {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (value === undefined) throw createInvalidError(file, `is not valid JSON: see ${await locateError(text)}`);
  if (!isObject(value)) throw createInvalidError(file, 'is not a JSON object');
  if (isDeeperThan(value, maxDepth)) throw createInvalidError(file, 'is nested too deeply to be written again');
  for (const key of ['mcpServers', 'oauthClients'] as const) {
    if (value[key] !== undefined && !isObject(value[key])) throw createInvalidError(file, `has a ${key} that is not an object`);
  }
  return value;
}

/** One server's entry in the file's text; undefined also for a text that is not a document. For the fast path, which needs no more. */
export function findServerInText(text: string, name: string): ServerEntry | undefined {
  const document = parseJson(text);
  return isObject(document) && isObject(document['mcpServers']) ? findServer(document, name) : undefined;
}

/** The file's text for a document: indented by two spaces, with a newline at the end, as pflow writes it. */
export function formatDocument(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The servers of the document in the file's order, without entries that are not objects. */
export function listServers(document: StoreDocument): [name: string, entry: ServerEntry][] {
  return Object.entries(document.mcpServers ?? {}).filter(([, entry]) => isObject(entry));
}

/** The entry called `name`, or undefined. */
export function findServer(document: StoreDocument, name: string): ServerEntry | undefined {
  const entry = getOwnValue(document.mcpServers, name);
  return isObject(entry) ? entry : undefined;
}

/**
 * Finds or creates the entry of server `name` with `url`. Changes `document`.
 *
 * @throws AuthError `usage` when the name belongs to another server.
 */
export function putServer(document: StoreDocument, { name, url }: { name: string; url: string }): ServerEntry {
  const known = findServer(document, name);
  if (known !== undefined && !isSameUrl(known.url, url)) {
    throw new AuthError('usage', `The name ${name} is taken by ${typeof known.url === 'string' ? known.url : 'a local command'}.`, {
      hint: `Choose another name with --name, or run: ${formatCommand`mcp-auth remove ${name}`}`,
    });
  }
  const all = (document.mcpServers ??= {});
  const entry = known ?? (all[name] = {});
  entry.type ??= 'http';
  entry.url ??= url;
  return entry;
}

/** Whether two texts are the same URL, apart from a fragment, which is never sent (RFC 8707 section 2). */
export function isSameUrl(one: unknown, other: string): boolean {
  const parse = (text: unknown) => (typeof text === 'string' && URL.canParse(text) ? new URL(text).href.replace(/#[^]*/, '') : undefined);
  // A text that begins with a variable does not parse.
  return one === other || (parse(one) !== undefined && parse(one) === parse(other));
}

/** Deletes the entry of server `name`. Changes `document`. */
export function deleteServer(document: StoreDocument, name: string): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of the file
  if (document.mcpServers) delete document.mcpServers[name];
}

function createInvalidError(file: string | undefined, what: string): AuthError {
  if (file === undefined)
    return new AuthError('store_invalid', `The input on stdin ${what}.`, { hint: 'Pass the output of mcp-auth export NAME.' });
  return new AuthError('store_invalid', `The store ${file} ${what}. It was not changed.`, {
    hint: 'Fix the file, move it away, or use another with --store FILE.',
  });
}

/** The position of the first JSON error. V8's own message may quote the file, which holds tokens, so it is not used. */
async function locateError(text: string): Promise<string> {
  const { parse } = await import('jsonc-parser');
  const errors: { offset: number }[] = [];
  parse(text, errors as Parameters<typeof parse>[1] & object, { disallowComments: true });
  const lines = text.slice(0, errors[0]?.offset ?? text.length).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** The object's own property: names in the file come from other programs, and may be `toString` or `__proto__`. */
export function getOwnValue<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

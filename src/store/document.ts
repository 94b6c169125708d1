/**
 * The shape of `mcp-servers.json`, and its servers. What is ours is read and changed while the rest is left alone; the login
 * in an entry is login.ts's, the registrations are clients.ts's. All pure; the disk is store.ts's.
 */
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { isDeeperThan, isObject } from '../text/json.js';
import type { ClientInformation, DpopKey } from '../oauth/client-information.js';

/** The whole file. Other programs keep things of their own at every level. */
export interface StoreDocument {
  mcpServers?: Record<string, ServerEntry>;
  /** RFC 7591 client information by the issuer that gave it. */
  oauthClients?: Record<string, ClientInformation[]>;
  [foreign: string]: unknown;
}

/** One server as pflow and others write it. An entry without `url` is a stdio server, which has no login. */
export interface ServerEntry {
  type?: string;
  url?: string;
  auth?: AuthEntry;
  /** An issuer that this server's authorization server may call itself, though it is found at another address. */
  trusted_issuer?: string;
  /** The address for which that was said; another authorization server may not use it. */
  trusted_issuer_at?: string;
  /** What the person has said of this server beside that: see settings.ts. */
  login_options?: Record<string, unknown>;
  /** Sent to the server with every request, as pflow and others have them; `${VAR}` in a value is a variable of the environment. */
  headers?: Record<string, string>;
  [foreign: string]: unknown;
}

/** `auth` as it stands on disk; `type` and `token` are what other readers use. Times are seconds since the epoch. */
export interface AuthEntry {
  type?: string;
  token?: string;
  expires_at?: number;
  issued_at?: number;
  refresh_token?: string;
  scope?: string;
  issuer?: string;
  resource?: string;
  issued_for?: string;
  client_id?: string;
  token_endpoint?: string;
  revocation_endpoint?: string;
  network?: string;
  requested_scope?: string;
  step_ups?: number;
  ended_at?: number;
  renewals?: number;
  renewals_since?: number;
  refusals?: number;
  dpop_key?: DpopKey;
  flow?: string;
  workload_token_file?: string;
  id_token_file?: string;
  identity_provider?: string;
  identity_provider_client_id?: string;
  imported_with?: string;
  [foreign: string]: unknown;
}

/**
 * What every server name must be made of: pflow's rule, no name that JavaScript's objects have a use for, and none that is too long
 * for the name of a file beside the store.
 */
export const serverNamePattern = /^(?!__proto__$)[A-Za-z0-9_-]{1,128}$/;

/** Levels that JSON.stringify manages on the smallest stack. */
const deepest = 1000;

/**
 * Reads the file's text. Nothing but white space is an empty document.
 *
 * @throws AuthError `store_invalid` that names the file and the place, never what stands there.
 */
export async function parseDocument(text: string, file: string): Promise<StoreDocument> {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (value === undefined) throw invalid(file, `is not valid JSON: see ${await placeOfError(text)}`);
  if (!isObject(value)) throw invalid(file, 'does not hold a JSON object at its top');
  if (isDeeperThan(value, deepest)) throw invalid(file, 'is nested too deeply to be written again');
  for (const key of ['mcpServers', 'oauthClients'] as const) {
    if (value[key] !== undefined && !isObject(value[key])) throw invalid(file, `has a ${key} that is not an object`);
  }
  return value;
}

/** A server's entry in the file's text; undefined also for a text that is no document. For who wants that entry and nothing else. */
export function findServerInText(text: string, name: string): ServerEntry | undefined {
  const document = parseJson(text);
  return isObject(document) && isObject(document['mcpServers']) ? findServer(document, name) : undefined;
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The file's text for a document: two spaces of indent and a newline at the end, as pflow writes it. */
export function formatDocument(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The servers of the document, by name, in the file's order. Entries that are not objects are passed over. */
export function listServers(document: StoreDocument): [name: string, entry: ServerEntry][] {
  return Object.entries(document.mcpServers ?? {}).filter(([, entry]) => isObject(entry));
}

/** The entry called `name`, or undefined. */
export function findServer(document: StoreDocument, name: string): ServerEntry | undefined {
  const entry = getOwnValue(document.mcpServers, name);
  return isObject(entry) ? entry : undefined;
}

/**
 * Finds or makes the entry of server `name` with `url`. Changes `document`.
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

/** Whether two spellings are one URL; a fragment is never sent (RFC 8707 section 2). */
export function isSameUrl(one: unknown, other: string): boolean {
  const parse = (text: unknown) => (typeof text === 'string' && URL.canParse(text) ? new URL(text).href.replace(/#[^]*/, '') : undefined);
  // One that begins with a variable is no URL as it stands.
  return one === other || (parse(one) !== undefined && parse(one) === parse(other));
}

/** Takes server `name` out, whole. Changes `document`. */
export function deleteServer(document: StoreDocument, name: string): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of the file
  if (document.mcpServers) delete document.mcpServers[name];
}

function invalid(file: string, what: string): AuthError {
  return new AuthError('store_invalid', `The store ${file} ${what}. It was left as it is.`, {
    hint: 'Correct the file, or move it away, or name another with --store FILE.',
  });
}

/** Where JSON stops being JSON. V8's own message may quote the file, which holds tokens, so it is not used. */
async function placeOfError(text: string): Promise<string> {
  const { parse } = await import('jsonc-parser');
  const errors: { offset: number }[] = [];
  parse(text, errors as Parameters<typeof parse>[1] & object, { disallowComments: true });
  const lines = text.slice(0, errors[0]?.offset ?? text.length).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** What an object itself has by that name: names in the file are anybody's. */
export function getOwnValue<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

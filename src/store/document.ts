/**
 * The shape of `mcp-servers.json`: what is ours in it, and how to read and change that while leaving the rest alone.
 * All pure; the disk is store.ts's.
 */
import { AuthError } from '../errors.js';
import type { ClientInformation } from '../oauth/registration.js';

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
  client_id?: string;
  token_endpoint?: string;
  revocation_endpoint?: string;
  requested_scope?: string;
  step_ups?: number;
  [foreign: string]: unknown;
}

/** A login: tokens, what they are for, and where they are renewed. Times are seconds since the epoch. */
export interface Login {
  accessToken: string;
  expiresAt?: number;
  issuedAt?: number;
  refreshToken?: string;
  scope?: string;
  /** RFC 8414 issuer that gave the tokens. Absent for a token that another program put there. */
  issuer?: string;
  /** RFC 8707 resource that the access token is for. */
  resource?: string;
  clientId?: string;
  tokenEndpoint?: string;
  revocationEndpoint?: string;
  /** What was asked for, which may be more than `scope`, what was granted. */
  requestedScope?: string;
  /** How many times in a row a step-up has asked for nothing new. */
  stepUps?: number;
}

/** Which key on disk holds which part of a Login, all that we ever write beside `type`. */
const keysOnDisk = {
  accessToken: 'token',
  expiresAt: 'expires_at',
  issuedAt: 'issued_at',
  refreshToken: 'refresh_token',
  scope: 'scope',
  issuer: 'issuer',
  resource: 'resource',
  clientId: 'client_id',
  tokenEndpoint: 'token_endpoint',
  revocationEndpoint: 'revocation_endpoint',
  requestedScope: 'requested_scope',
  stepUps: 'step_ups',
} as const satisfies Record<keyof Login, keyof AuthEntry>;

const numbers: ReadonlySet<keyof Login> = new Set(['expiresAt', 'issuedAt', 'stepUps']);

/** What every server name must be made of: pflow's rule. */
export const serverName = /^[A-Za-z0-9_-]+$/;

/**
 * Reads the file's text. Nothing but white space is an empty document.
 *
 * @throws AuthError `store_invalid` that names the file and the place, never what stands there.
 */
export async function parseDocument(text: string, file: string): Promise<StoreDocument> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(file, `is not valid JSON: see ${await placeOfError(text)}`);
  }
  if (!isObject(value)) throw invalid(file, 'does not hold a JSON object at its top');
  for (const key of ['mcpServers', 'oauthClients'] as const) {
    if (value[key] !== undefined && !isObject(value[key])) throw invalid(file, `has a ${key} that is not an object`);
  }
  return value;
}

/** The file's text for a document: two spaces of indent and a newline at the end, as pflow writes it. */
export function formatDocument(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The servers of the document, by name, in the file's order. Entries that are not objects are passed over. */
export function servers(document: StoreDocument): [name: string, entry: ServerEntry][] {
  return Object.entries(document.mcpServers ?? {}).filter(([, entry]) => isObject(entry));
}

/** The entry called `name`, or undefined. */
export function findServer(document: StoreDocument, name: string): ServerEntry | undefined {
  const entry = ownValue(document.mcpServers, name);
  return isObject(entry) ? entry : undefined;
}

/** Sets the URL of server `name`, creating the entry if there is none. Changes `document`. */
export function putServer(document: StoreDocument, { name, url }: { name: string; url: string }): ServerEntry {
  const all = (document.mcpServers ??= {});
  const entry = findServer(document, name) ?? (all[name] = {});
  entry.type ??= 'http';
  entry.url = url;
  return entry;
}

/** Takes server `name` out, whole. Changes `document`. */
export function deleteServer(document: StoreDocument, name: string): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of the file
  if (document.mcpServers) delete document.mcpServers[name];
}

/** The bearer token of an entry and what we know of it; undefined where there is none. Wrong types count as absent. */
export function readLogin(entry: ServerEntry | undefined): Login | undefined {
  const auth = entry?.auth;
  if (!isObject(auth) || (auth.type ?? 'bearer') !== 'bearer') return undefined;
  const login: Record<string, unknown> = {};
  for (const [key, onDisk] of Object.entries(keysOnDisk) as [keyof Login, string][]) {
    const value = auth[onDisk];
    if (numbers.has(key) ? Number.isFinite(value) : typeof value === 'string' && value !== '') login[key] = value;
  }
  return typeof login['accessToken'] === 'string' ? (login as unknown as Login) : undefined;
}

/** Puts `login` into an entry. Our keys are replaced as a whole; keys of others beside them stay. Changes `entry`. */
export function writeLogin(entry: ServerEntry, login: Login): void {
  const before = isObject(entry.auth) && (entry.auth.type ?? 'bearer') === 'bearer' ? entry.auth : {};
  const auth: AuthEntry = { ...before, type: 'bearer' };
  for (const [key, onDisk] of Object.entries(keysOnDisk) as [keyof Login, string][]) {
    const value = login[key];
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- keys of ours, from the table above
    if (value === undefined) delete auth[onDisk];
    else auth[onDisk] = value;
  }
  entry.auth = auth;
}

/** Takes the login out of an entry. Changes `entry`. */
export function deleteLogin(entry: ServerEntry): void {
  delete entry.auth;
}

/** The registrations that the store holds for `issuer`, which are never shown to another. */
export function clientsOf(document: StoreDocument, issuer: string): ClientInformation[] {
  const clients = ownValue(document.oauthClients, issuer);
  return Array.isArray(clients) ? clients.filter((client) => isObject(client) && typeof client.client_id === 'string') : [];
}

/** Adds a registration, or replaces the one of the same client id. Changes `document`. */
export function putClient(document: StoreDocument, issuer: string, client: ClientInformation): void {
  const all = (document.oauthClients ??= {});
  const others = clientsOf(document, issuer).filter((one) => one.client_id !== client.client_id);
  all[issuer] = [client, ...others];
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

function ownValue<T>(record: Record<string, T> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

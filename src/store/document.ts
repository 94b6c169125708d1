/**
 * The shape of `mcp-servers.json`: what is ours in it, and how to read and change that while leaving the rest alone.
 * All pure; the disk is store.ts's.
 */
import { AuthError } from '../errors.js';
import { networks, type Network } from '../http/networks.js';
import { isDeeperThan, isObject } from '../json.js';
import type { DpopKey } from '../oauth/dpop.js';
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
  /** The address for which that was said; another authorization server may not use it. */
  trusted_issuer_at?: string;
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
  network?: string;
  requested_scope?: string;
  step_ups?: number;
  ended_at?: number;
  renewals?: number;
  renewals_since?: number;
  dpop_key?: DpopKey;
  flow?: string;
  workload_token_file?: string;
  id_token_file?: string;
  identity_provider?: string;
  identity_provider_client_id?: string;
  [foreign: string]: unknown;
}

/** A login: tokens, what they are for, and where they are renewed. Times are seconds since the epoch. */
export interface Login {
  accessToken: string;
  /** RFC 9449: `dpop` for a token that is bound to `dpopKey`; `type` on disk, so that nobody sends it as a Bearer. */
  tokenType: 'bearer' | 'dpop';
  dpopKey?: DpopKey;
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
  /** The most private network in which those two may be, as the login found it; any for a login that does not say. */
  network?: Network;
  /** What was asked for, which may be more than `scope`, what was granted. */
  requestedScope?: string;
  /** How many times in a row a step-up has asked for nothing new. */
  stepUps?: number;
  /** When its refresh token turned out not to be accepted any more. */
  endedAt?: number;
  /** How many times it was renewed since `renewalsSince`. */
  renewals?: number;
  renewalsSince?: number;
  /** The unattended flow that it was made by, which can make it again, and what that takes. */
  flow?: string;
  workloadTokenFile?: string;
  idTokenFile?: string;
  identityProvider?: string;
  identityProviderClientId?: string;
}

type Kind = 'string' | 'number' | 'object' | 'list' | 'network';

/** Which key on disk holds which part of a Login, and of which type: all that we ever write beside `type`. */
const keysOnDisk = {
  accessToken: ['token', 'string'],
  expiresAt: ['expires_at', 'number'],
  issuedAt: ['issued_at', 'number'],
  refreshToken: ['refresh_token', 'string'],
  scope: ['scope', 'string'],
  issuer: ['issuer', 'string'],
  resource: ['resource', 'string'],
  clientId: ['client_id', 'string'],
  tokenEndpoint: ['token_endpoint', 'string'],
  revocationEndpoint: ['revocation_endpoint', 'string'],
  network: ['network', 'network'],
  requestedScope: ['requested_scope', 'string'],
  stepUps: ['step_ups', 'number'],
  endedAt: ['ended_at', 'number'],
  renewals: ['renewals', 'number'],
  renewalsSince: ['renewals_since', 'number'],
  dpopKey: ['dpop_key', 'object'],
  flow: ['flow', 'string'],
  workloadTokenFile: ['workload_token_file', 'string'],
  idTokenFile: ['id_token_file', 'string'],
  identityProvider: ['identity_provider', 'string'],
  identityProviderClientId: ['identity_provider_client_id', 'string'],
} as const satisfies Record<Exclude<keyof Login, 'tokenType'>, [keyof AuthEntry, Kind]>;

const loginKeys = Object.entries(keysOnDisk) as [Exclude<keyof Login, 'tokenType'>, [string, Kind]][];

/** What `auth.type` says where `auth` is a login. */
export const loginTypes: ReadonlySet<unknown> = new Set(['bearer', 'dpop']);

/** What every server name must be made of: pflow's rule, and no name that JavaScript's objects have a use for. */
export const serverName = /^(?!__proto__$)[A-Za-z0-9_-]+$/;

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
export function parseEntry(text: string, name: string): ServerEntry | undefined {
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
export function servers(document: StoreDocument): [name: string, entry: ServerEntry][] {
  return Object.entries(document.mcpServers ?? {}).filter(([, entry]) => isObject(entry));
}

/** The entry called `name`, or undefined. */
export function findServer(document: StoreDocument, name: string): ServerEntry | undefined {
  const entry = ownValue(document.mcpServers, name);
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
      hint: `Choose another name with --name, or run: mcp-auth remove ${name}`,
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
  const parse = (text: unknown) => (typeof text === 'string' && URL.canParse(text) ? new URL(text).href.replace(/#.*$/, '') : undefined);
  return parse(one) !== undefined && parse(one) === parse(other);
}

/**
 * A server that has an API key or a password keeps it: a login would put a token in its place.
 *
 * @throws AuthError `usage` for an entry that is authenticated by something else than a login.
 */
export function checkLoginFits({ auth, url }: ServerEntry, name: string): void {
  const type = isObject(auth) ? (auth.type ?? 'bearer') : 'bearer';
  if (loginTypes.has(type)) return;
  throw new AuthError('usage', `${name} is authenticated by ${JSON.stringify(type)}, which a login would overwrite.`, {
    hint: `Log in under another name: mcp-auth login ${url ?? 'URL'} --name NAME`,
  });
}

/** Takes server `name` out, whole. Changes `document`. */
export function deleteServer(document: StoreDocument, name: string): void {
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of the file
  if (document.mcpServers) delete document.mcpServers[name];
}

/** The token of an entry and what we know of it; undefined where there is none. Wrong types count as absent. */
export function readLogin(entry: ServerEntry | undefined): Login | undefined {
  const auth = entry?.auth;
  const type = isObject(auth) ? (auth.type ?? 'bearer') : undefined;
  if (auth === undefined || type === undefined || !loginTypes.has(type)) return undefined;
  const login: Record<string, unknown> = { tokenType: type };
  for (const [key, [onDisk, kind]] of loginKeys) {
    const value = auth[onDisk];
    if (isKind(value, kind)) login[key] = value;
  }
  return typeof login['accessToken'] === 'string' ? (login as unknown as Login) : undefined;
}

/**
 * Puts `login` into an entry. Our keys are replaced as a whole; keys of others beside them stay. Changes `entry`.
 *
 * @throws AuthError `usage` as `checkLoginFits`.
 */
export function writeLogin(entry: ServerEntry, login: Login, name: string): void {
  checkLoginFits(entry, name);
  const auth: AuthEntry = { ...foreignKeys(entry.auth), type: login.tokenType };
  for (const [key, [onDisk]] of loginKeys) if (login[key] !== undefined) auth[onDisk] = login[key];
  entry.auth = auth;
}

/** Takes the login out of an entry, and leaves what others keep beside it. Changes `entry`. */
export function deleteLogin(entry: ServerEntry): void {
  const rest = foreignKeys(entry.auth);
  if (Object.keys(rest).length > 0) entry.auth = rest;
  else delete entry.auth;
}

function foreignKeys(auth: unknown): AuthEntry {
  const ours = new Set<string>(['type', ...loginKeys.map(([, [onDisk]]) => onDisk)]);
  return isObject(auth) ? Object.fromEntries(Object.entries(auth).filter(([key]) => !ours.has(key))) : {};
}

/** Seconds since the epoch that a Date can hold: ECMA-262 section 21.4.1.1. */
const latestTime = 8_640_000_000_000;

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'object') return isObject(value);
  if (kind === 'network') return networks.some((one) => one === value);
  if (kind === 'list') return Array.isArray(value) && value.every((one) => typeof one === 'string');
  return kind === 'number' ? Number.isFinite(value) && Math.abs(Number(value)) <= latestTime : typeof value === 'string' && value !== '';
}

/** RFC 7591's members and ours, by type. What has another type counts as absent. */
const clientKinds = {
  client_id: 'string',
  client_secret: 'string',
  client_secret_expires_at: 'number',
  client_id_issued_at: 'number',
  token_endpoint_auth_method: 'string',
  token_endpoint_auth_signing_alg: 'string',
  scope: 'string',
  grant_types: 'list',
  redirect_uris: 'list',
  obtained_by: 'string',
  refused_grant_types: 'list',
  private_key_file: 'string',
} as const satisfies Record<keyof ClientInformation, Kind>;

/** The registrations that the store holds for `issuer`, which are never shown to another. */
export function clientsOf(document: StoreDocument, issuer: string): ClientInformation[] {
  const clients = ownValue(document.oauthClients, issuer);
  return Array.isArray(clients) ? clients.flatMap(readClient) : [];
}

function readClient(entry: unknown): ClientInformation[] {
  if (!isObject(entry)) return [];
  const known = Object.entries(clientKinds).filter(([key, kind]) => isKind(entry[key], kind));
  const client = Object.fromEntries(known.map(([key]) => [key, entry[key]])) as Partial<ClientInformation>;
  const { client_id: id, redirect_uris: uris } = client;
  if (id === undefined) return [];
  const usable = uris?.filter((uri) => URL.canParse(uri));
  return [{ ...client, client_id: id, ...(uris && { redirect_uris: usable }) }];
}

/** Adds a registration, or replaces the one of the same client id. Changes `document`. */
export function putClient(document: StoreDocument, issuer: string, client: ClientInformation): void {
  const all = (document.oauthClients ??= {});
  const before: unknown = ownValue(all, issuer);
  const others = Array.isArray(before) ? before.filter((one) => !isObject(one) || one['client_id'] !== client.client_id) : [];
  all[issuer] = [client, ...(others as ClientInformation[])];
}

/** Takes a registration out that its issuer does not know any more, unless another login names it still. Changes `document`. */
export function deleteClient(document: StoreDocument, issuer: string, clientId: string): void {
  const users = servers(document).filter(([, { auth }]) => auth?.issuer === issuer && auth.client_id === clientId);
  const clients = ownValue(document.oauthClients, issuer);
  if (users.length > 0 || !document.oauthClients || !Array.isArray(clients)) return;
  document.oauthClients[issuer] = clients.filter((one: unknown) => !isObject(one) || one['client_id'] !== clientId);
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

/**
 * Which members of a document are secret, and what each sealed text is bound to. All functions are pure; they share what does not
 * change with the document that they are given.
 */
import { isObject } from '../../text/json.js';
import { listServers, type ServerEntry, type StoreDocument } from '../document.js';
import { isSealedText, type SealCodec } from './codec.js';
import { createBrokenServerError } from './seal-errors.js';
import type { Seal } from './seal.js';

/** Where the sealed text of an object is, instead of its secret members. */
export const sealedMember = 'sealed';
const sealedHeadersMember = 'sealed_headers';

/** Of an `auth` that holds a login. Another kind of `auth` is of another program, which alone can use it: it stays as it is. */
const loginSecrets = ['token', 'refresh_token', 'dpop_key'];
const loginTypes: readonly unknown[] = [undefined, null, 'bearer', 'dpop'];
/** RFC 7591 and RFC 7592. */
const clientSecrets = ['client_secret', 'registration_access_token'];

/** The clear members of `auth` that decide what the tokens are, where they go, and as which client. */
const boundAuth = [
  ...['type', 'issued_for', 'resource', 'issuer', 'client_id', 'token_endpoint', 'revocation_endpoint', 'network', 'imported_with'],
  ...['flow', 'workload_token_file', 'id_token_file', 'identity_provider', 'identity_provider_client_id'],
];
/** The settings of a server that name an authorization server, or trust one. */
const boundSettings = ['metadata_url', 'trust_endpoints'];
const boundClient = ['client_id', 'registered_for', 'obtained_by'];

/** Secret members of one object, and the place that they belong to. */
interface Secrets {
  readonly members: readonly string[];
  readonly place: string;
}

const pick = (object: unknown, keys: readonly string[]) =>
  keys.map((key) => (isObject(object) && Object.hasOwn(object, key) ? object[key] : null));

function describeLogin(name: string, { url, auth, trusted_issuer, trusted_issuer_at, login_options }: ServerEntry): Secrets {
  const bound = [url, trusted_issuer, trusted_issuer_at, ...pick(login_options, boundSettings), ...pick(auth, boundAuth)];
  return { members: loginSecrets, place: JSON.stringify(['login', name, ...bound]) };
}

function getHeadersPlace(name: string, { url }: ServerEntry): string {
  return JSON.stringify(['headers', name, url]);
}

function describeClient(issuer: string, client: object): Secrets {
  return { members: clientSecrets, place: JSON.stringify(['client', issuer, ...pick(client, boundClient)]) };
}

/** What is sealed, in the clear. What cannot be opened stays sealed: see `isSealed`. */
export function openDocument(stored: StoreDocument, codec: SealCodec): StoreDocument {
  return mapDocument(stored, {
    server: (name, entry) => openEntry(name, entry, codec),
    client: (issuer, client) => openMembers(client, { secrets: describeClient(issuer, client), codec }),
  });
}

/** The document with everything secret sealed. */
export function closeDocument(document: StoreDocument, codec: SealCodec): StoreDocument {
  return mapDocument(document, {
    server: (name, entry) => closeEntry(name, entry, codec),
    client: (issuer, client) => closeMembers(client, { secrets: describeClient(issuer, client), codec }),
  });
}

/** Whether something of a server or of a client is sealed. In a document that was opened: it could not be. */
export function isSealed(holder: unknown): boolean {
  if (!isObject(holder)) return false;
  const { auth } = holder;
  return [holder[sealedMember], holder[sealedHeadersMember], isObject(auth) && auth[sealedMember]].some(isSealedValue);
}

function isSealedValue(value: unknown): value is string {
  return typeof value === 'string' && isSealedText(value);
}

/** What the user should know about servers of an opened document that stayed sealed, as sentences. @param server the only one to look at. */
export function describeBroken(document: StoreDocument, server?: string): string[] {
  const broken = listServers(document).filter(([name, entry]) => (server === undefined || name === server) && isSealed(entry));
  return broken.map(([name]) => createBrokenServerError(name).message);
}

/** Whether anything in a document is sealed. */
export function hasSealedMembers({ mcpServers, oauthClients }: StoreDocument): boolean {
  const clients: unknown[] = isObject(oauthClients) ? Object.values(oauthClients).flat() : [];
  return [...Object.values(isObject(mcpServers) ? mcpServers : {}), ...clients].some(isSealed);
}

interface Mapping {
  readonly server: (name: string, entry: ServerEntry) => unknown;
  readonly client: (issuer: string, client: Record<string, unknown>) => unknown;
}

/** Members keep their order, and names such as `__proto__` stay names. */
function mapDocument(document: StoreDocument, { server, client }: Mapping): StoreDocument {
  const { mcpServers, oauthClients } = document;
  const mapClients = (issuer: string, list: unknown) =>
    Array.isArray(list) ? list.map((one: unknown) => (isObject(one) ? client(issuer, one) : one)) : list;
  const mapped: Record<string, unknown> = {
    ...(isObject(mcpServers) && { mcpServers: mapMembers(mcpServers, (name, one) => (isObject(one) ? server(name, one) : one)) }),
    ...(isObject(oauthClients) && { oauthClients: mapMembers(oauthClients, mapClients) }),
  };
  return mapMembers(document, (key, value) => (Object.hasOwn(mapped, key) ? mapped[key] : value));
}

function mapMembers(object: Record<string, unknown>, map: (key: string, value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(key, value)]));
}

function openEntry(name: string, entry: ServerEntry, codec: SealCodec): ServerEntry {
  const { auth, [sealedHeadersMember]: sealedHeaders } = entry;
  const isLoginSealed = isObject(auth) && isSealedValue(auth[sealedMember]);
  const opened = isLoginSealed ? openMembers(auth, { secrets: describeLogin(name, entry), codec }) : auth;
  const headers = isSealedValue(sealedHeaders) ? codec.open(getHeadersPlace(name, entry), sealedHeaders) : undefined;
  if (opened === auth && headers === undefined) return entry;
  const members: [string, unknown][] = [];
  for (const [key, value] of Object.entries(entry)) {
    if (key === 'auth') members.push([key, opened]);
    else if (headers === undefined) members.push([key, value]);
    else if (key === sealedHeadersMember) members.push(['headers', mergeHeaders(JSON.parse(headers), entry.headers)]);
    else if (key !== 'headers') members.push([key, value]);
  }
  return Object.fromEntries(members);
}

/** Headers in the clear were added by another program since, and go along. */
function mergeHeaders(opened: unknown, clear: unknown): unknown {
  return isObject(opened) && isObject(clear) ? { ...opened, ...clear } : (clear ?? opened);
}

function closeEntry(name: string, entry: ServerEntry, codec: SealCodec): ServerEntry {
  const { auth, headers } = entry;
  const isLogin = isObject(auth) && loginTypes.includes(auth.type);
  const closed = isLogin ? closeMembers(auth, { secrets: describeLogin(name, entry), codec }) : auth;
  if (closed === auth && headers === undefined) return entry;
  const members: [string, unknown][] = [];
  for (const [key, value] of Object.entries(entry)) {
    if (key === 'auth') members.push([key, closed]);
    else if (headers === undefined) members.push([key, value]);
    else if (key === 'headers') members.push([sealedHeadersMember, codec.seal(getHeadersPlace(name, entry), JSON.stringify(headers))]);
    else if (key !== sealedHeadersMember) members.push([key, value]);
  }
  return Object.fromEntries(members);
}

interface SecretsOfObject {
  readonly secrets: Secrets;
  readonly codec: SealCodec;
}

/** A main secret in the clear is of another program, which has replaced the sealed ones. */
function openMembers(object: Record<string, unknown>, { secrets, codec }: SecretsOfObject): Record<string, unknown> {
  const sealed = object[sealedMember];
  if (!isSealedValue(sealed)) return object;
  const isReplaced = object[secrets.members[0] ?? ''] !== undefined;
  const text = isReplaced ? '{}' : codec.open(secrets.place, sealed);
  if (text === undefined) return object;
  const opened = JSON.parse(text) as object;
  const members: [string, unknown][] = [];
  for (const [key, value] of Object.entries(object)) {
    if (key === sealedMember) members.push(...(Object.entries(opened) as [string, unknown][]));
    else if (!Object.hasOwn(opened, key)) members.push([key, value]);
  }
  return Object.fromEntries(members);
}

/** The sealed text takes the place of the first secret member, so that an object that did not change keeps its text. */
function closeMembers(object: Record<string, unknown>, { secrets: { members, place }, codec }: SecretsOfObject): Record<string, unknown> {
  const secret = members.filter((key) => object[key] !== undefined);
  if (secret.length === 0) return object;
  const sealed = codec.seal(place, JSON.stringify(Object.fromEntries(secret.map((key) => [key, object[key]]))));
  const first = Object.keys(object).find((key) => secret.includes(key));
  const kept = Object.entries(object).filter(([key]) => key === first || !(secret.includes(key) || key === sealedMember));
  return Object.fromEntries(kept.map(([key, value]) => (key === first ? [sealedMember, sealed] : [key, value])));
}

/**
 * The document with another seal, which is the first member, where a reader looks; or without one.
 *
 * @throws AuthError `seal_broken` for undefined if something could not be opened.
 */
export function replaceSeal(document: StoreDocument, seal: Seal | undefined): StoreDocument {
  const rest = { ...document };
  delete rest['seal'];
  if (seal !== undefined) return { seal: { ...seal }, ...rest };
  const broken = listServers(rest).find(([, entry]) => isSealed(entry));
  if (broken !== undefined) throw createBrokenServerError(broken[0]);
  return rest;
}

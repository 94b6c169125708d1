/** The document as rows of an engine: one row per server and per client registration. All functions are pure. */
import { AuthError } from '../../errors.js';
import type { ClientInformation } from '../../oauth/client-information.js';
import { isObject, parseJson } from '../../text/json.js';
import type { ServerEntry, StoreDocument } from '../document.js';
import type { Row, RowChange, RowId, RowKind, RowQuery } from '../engines/engine.js';
import { createFingerprint } from '../fingerprint.js';

/** Characters of a server's name: an index of PostgreSQL takes 2,700 bytes. */
const maxNameLength = 512;

/** The rows that a document was made from. */
export interface Snapshot {
  readonly document: StoreDocument;
  readonly rows: readonly Row[];
}

type Values = ReadonlyMap<string, RowId & { readonly value: string }>;

/** What to read for the whole document. */
export const wholeDocument: readonly RowQuery[] = [{ kind: 'server' }, { kind: 'client' }, { kind: 'member' }];

/** What to read for one server: its entry, and then the registrations that its login uses. */
export function createServerQueries(name: string): readonly RowQuery[] {
  return [{ kind: 'server', keys: [name] }, { kind: 'member' }];
}

/** What to read for the registrations that the logins of these rows use. */
export function createClientQueries(rows: readonly Row[]): readonly RowQuery[] {
  const keys = rows.filter(({ kind }) => kind === 'server').flatMap(({ value }) => listClientKeys(parseJson(value)));
  return keys.length === 0 ? [] : [{ kind: 'client', keys }];
}

/** From the members that are never sealed. */
function listClientKeys(entry: unknown): string[] {
  const auth = isObject(entry) && isObject(entry['auth']) ? entry['auth'] : {};
  const pairs = [
    [auth['issuer'], auth['client_id']],
    [auth['identity_provider'], auth['identity_provider_client_id']],
  ];
  return pairs.flatMap(([issuer, id]) => (typeof issuer === 'string' && typeof id === 'string' ? [createClientKey(issuer, id)] : []));
}

/** Issuers and client ids can be longer than the key of a row. */
function createClientKey(issuer: string, id: unknown): string {
  return createFingerprint(JSON.stringify([issuer, id]));
}

/** The document that rows say. Servers are in alphabetical order; of the registrations with one issuer, the last written is first. */
export function parseRows(rows: readonly Row[]): StoreDocument {
  const document: StoreDocument = {};
  const of = (kind: RowKind) => rows.filter((row) => row.kind === kind);
  for (const { key, value } of of('member')) defineMember(document, key, parseJson(value));
  const servers = of('server').sort((one, other) => (one.key < other.key ? -1 : 1));
  const entries: Record<string, ServerEntry> = {};
  for (const { key, value } of servers) defineMember(entries, key, parseJson(value));
  const clients: Record<string, ClientInformation[]> = {};
  for (const { value } of of('client').sort(byVersion)) {
    const stored = parseJson(value);
    if (!isObject(stored) || typeof stored['issuer'] !== 'string') continue;
    if (!Object.hasOwn(clients, stored['issuer'])) defineMember(clients, stored['issuer'], []);
    clients[stored['issuer']]?.push(stored['client'] as ClientInformation);
  }
  return { ...document, mcpServers: entries, ...(Object.keys(clients).length > 0 && { oauthClients: clients }) };
}

/** Names come from other programs, and may be `__proto__`. */
function defineMember(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Versions are integers that grow, as text. */
function byVersion(one: Row, other: Row): number {
  return BigInt(one.version) < BigInt(other.version) ? 1 : -1;
}

/**
 * What has to be written so that the rows of `snapshot` say `document`.
 *
 * @throws AuthError `usage` for a name that no row can have.
 */
export function findChanges(snapshot: Snapshot, document: StoreDocument): RowChange[] {
  // Compared by what our own code would write: the layout of a row is no change.
  const before = toValues(snapshot.document);
  const after = toValues(document);
  const versions = new Map(snapshot.rows.map((row) => [getRowName(row), row.version]));
  const changed = [...after].filter(([name, { value }]) => before.get(name)?.value !== value);
  const deleted = [...before].filter(([name]) => !after.has(name));
  return [
    ...changed.map(([name, { kind, key, value }]): RowChange => ({ kind, key, value, version: versions.get(name) })),
    ...deleted.map(([name, { kind, key }]): RowChange => ({ kind, key, value: undefined, version: versions.get(name) })),
  ];
}

function toValues(document: StoreDocument): Values {
  const { mcpServers, oauthClients = {}, ...members } = document;
  const rows = [
    ...Object.entries(mcpServers ?? {}).map(([key, entry]) => ({ kind: 'server' as const, key: checkName(key), value: entry })),
    ...Object.entries(oauthClients).flatMap(([issuer, list]) => toClientRows(issuer, list)),
    ...Object.entries(members).map(([key, value]) => ({ kind: 'member' as const, key: checkName(key), value })),
  ];
  return new Map(rows.map(({ kind, key, value }) => [getRowName({ kind, key }), { kind, key, value: JSON.stringify(value ?? null) }]));
}

/** In the order in which they are written: the last written is the first of the list. */
function toClientRows(issuer: string, list: unknown) {
  const clients: readonly unknown[] = Array.isArray(list) ? list.toReversed() : [];
  return clients.map((client, index) => {
    // What is not a registration was put there by another program: it stays.
    const id = isObject(client) && typeof client['client_id'] === 'string' ? client['client_id'] : index;
    return { kind: 'client' as const, key: createClientKey(issuer, id), value: { issuer, client } };
  });
}

function getRowName({ kind, key }: RowId): string {
  return `${kind} ${key}`;
}

function checkName(name: string): string {
  if (name.length <= maxNameLength && !name.includes('\0') && name.isWellFormed()) return name;
  throw new AuthError('usage', `A name of ${name.length} characters cannot be stored in a database.`, {
    hint: 'Give the server a shorter name, without control characters.',
  });
}

/** The client registrations in the document, by issuer. All functions are pure. */
import { isObject } from '../text/json.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { getOwnValue, listServers, type StoreDocument } from './document.js';
import { isOfKind, type MemberKind } from './member-kinds.js';

/** The types of RFC 7591's members and ours. A member of another type counts as absent. */
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
  registered_for: 'string',
  relayed: 'boolean',
  refused_grant_types: 'list',
  private_key_file: 'string',
  basic_unencoded: 'boolean',
} as const satisfies Record<keyof ClientInformation, MemberKind>;

/** The registrations with `issuer`. They are never shown to another issuer. */
export function readClients(document: StoreDocument, issuer: string): ClientInformation[] {
  const clients = getOwnValue(document.oauthClients, issuer);
  return Array.isArray(clients) ? clients.flatMap((client) => readClient(client) ?? []) : [];
}

/** The registration of `clientId` with `issuer`; undefined if either is, or the store does not have it. */
export function findClient(
  document: StoreDocument,
  issuer: string | undefined,
  clientId: string | undefined,
): ClientInformation | undefined {
  if (issuer === undefined || clientId === undefined) return undefined;
  return readClients(document, issuer).find(({ client_id: id }) => id === clientId);
}

/** One registration; undefined for anything else. */
export function readClient(entry: unknown): ClientInformation | undefined {
  // A client of a sealed store that could not be opened would be taken for one without a secret.
  if (!isObject(entry) || typeof entry['sealed'] === 'string') return undefined;
  const known = Object.entries(clientKinds).filter(([key, kind]) => isOfKind(entry[key], kind));
  const client = Object.fromEntries(known.map(([key]) => [key, entry[key]])) as Partial<ClientInformation>;
  const { client_id: id, redirect_uris: uris } = client;
  if (id === undefined) return undefined;
  const usable = uris?.filter((uri) => URL.canParse(uri));
  return { ...client, client_id: id, ...(uris && { redirect_uris: usable }) };
}

/** Adds a registration, or replaces the one with the same client ID. Changes `document`. */
export function putClient(document: StoreDocument, issuer: string, client: ClientInformation): void {
  const all = (document.oauthClients ??= {});
  const before: unknown = getOwnValue(all, issuer);
  const others = Array.isArray(before) ? before.filter((one) => !isObject(one) || one['client_id'] !== client.client_id) : [];
  all[issuer] = [client, ...(others as ClientInformation[])];
}

/** Adds an imported registration, unless one with that client ID is known: an import never replaces one. Changes `document`. */
export function addClient(document: StoreDocument, issuer: string, client: ClientInformation): void {
  if (!findClient(document, issuer, client.client_id)) putClient(document, issuer, client);
}

/** Removes a registration that its issuer no longer accepts, unless a login still uses it. Changes `document`. */
export function deleteClient(document: StoreDocument, issuer: string, clientId: string): void {
  const users = listServers(document).filter(([, { auth }]) => auth?.issuer === issuer && auth.client_id === clientId);
  const clients = getOwnValue(document.oauthClients, issuer);
  if (users.length > 0 || !document.oauthClients || !Array.isArray(clients)) return;
  document.oauthClients[issuer] = clients.filter((one: unknown) => !isObject(one) || one['client_id'] !== clientId);
}

/** What a login has settled before the tokens arrive, and how `--start` stores it on disk for `--finish`. */
import type { Network } from '../effects.js';
import type { FlowCredentials } from '../flows/flow.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import type { ClientInformation, DpopKey } from '../oauth/client-information.js';
import { chooseResource } from '../oauth/dialect.js';
import { importDpop, type Dpop } from '../oauth/dpop.js';
import type { ServerEntry } from '../store/document.js';
import { readSettings, writeSettings, type ServerSettings } from '../store/settings.js';
import type { Consent } from './consent.js';
import type { LoginRequest, Preparation } from './preparation.js';

/** No member is optional, so that a member that is forgotten anywhere is a type error. */
export interface Agreement {
  readonly name: string;
  /** The URL as the user wrote it, which is stored. */
  readonly url: string;
  /** The URL with its variables expanded, which is used. */
  readonly expandedUrl: string;
  /** Whether to try the token once it is stored. */
  readonly verify: boolean;
  /** Stored with the server. */
  readonly settings: ServerSettings;
  /** Sent to the server, and stored with it. */
  readonly headers: Readonly<Record<string, string>>;
  /** The most private network in which the authorization server may be. */
  readonly allowedNetwork: Network;
  readonly metadata: AuthorizationServerMetadata;
  /** RFC 8707 `resource` as it was sent; undefined if none was. */
  readonly resource: string | undefined;
  /** The requested scopes, joined by spaces. */
  readonly scope: string | undefined;
  /** How many consecutive step-ups asked for no new scope. */
  readonly stepUps: number;
  /** The client that the tokens are issued to. */
  readonly client: ClientInformation;
  /** The client id of a stored registration that the authorization server no longer knows. */
  readonly forgottenClientId: string | undefined;
  /** The key of DPoP-bound tokens. */
  readonly dpop: Dpop | undefined;
  /** The name of the flow. */
  readonly flow: string;
  readonly credentials: FlowCredentials;
}

export function createAgreement({
  request,
  prepared,
  consent,
}: {
  request: LoginRequest;
  prepared: Preparation;
  consent: Consent<unknown>;
}): Agreement {
  const { discovery, settings } = prepared;
  return {
    name: request.name,
    url: request.url,
    expandedUrl: request.expandedUrl,
    verify: request.verify,
    settings: settings.trustedIssuer === undefined ? settings : { ...settings, trustedIssuerAt: discovery.issuerAddress },
    headers: prepared.headers,
    allowedNetwork: discovery.allowedNetwork,
    metadata: discovery.metadata,
    resource: chooseResource(prepared.dialect, discovery.resource),
    scope: prepared.scope,
    stepUps: prepared.stepUps,
    client: consent.client,
    forgottenClientId: consent.forgottenClientId,
    dpop: prepared.dpop,
    flow: consent.flow.name,
    credentials: prepared.credentials,
  };
}

/** The members that differ between memory and disk. `credentials` are not stored: only unattended flows have them. */
type ConvertedMember = 'settings' | 'dpop' | 'credentials';
type PlainMember = Exclude<keyof Agreement, ConvertedMember>;

/** The name on disk of every other member. */
const namesOnDisk = {
  name: 'server',
  url: 'url',
  expandedUrl: 'address',
  verify: 'verify',
  headers: 'headers',
  allowedNetwork: 'network',
  metadata: 'metadata',
  resource: 'resource',
  scope: 'scope',
  stepUps: 'step_ups',
  client: 'client',
  forgottenClientId: 'forgotten',
  flow: 'flow',
} as const satisfies Record<PlainMember, string>;

const plainMembers = Object.entries(namesOnDisk) as [PlainMember, (typeof namesOnDisk)[PlainMember]][];

/** An agreement as JSON. Secret. */
export type StoredAgreement = { readonly [Member in PlainMember as (typeof namesOnDisk)[Member]]: Agreement[Member] } & {
  /** The settings, in the form of the server's entry in the store. */
  readonly entry: ServerEntry;
  readonly dpop_key: DpopKey | undefined;
};

export function toStoredAgreement(agreement: Agreement): StoredAgreement {
  const plain = Object.fromEntries(plainMembers.map(([member, name]) => [name, agreement[member]]));
  return { ...(plain as StoredAgreement), entry: toEntry(agreement.settings), dpop_key: agreement.dpop?.key };
}

export async function fromStoredAgreement(stored: StoredAgreement): Promise<Agreement> {
  const plain = Object.fromEntries(plainMembers.map(([member, name]) => [member, stored[name]])) as Pick<Agreement, PlainMember>;
  const dpop = stored.dpop_key && (await importDpop(stored.dpop_key));
  return { ...plain, settings: readSettings(stored.entry), dpop, credentials: {} };
}

/** Settings in the form of a server's entry in the store. */
export function toEntry(settings: ServerSettings): ServerEntry {
  const entry: ServerEntry = {};
  writeSettings(entry, settings);
  return entry;
}

/** How an authorization server differs from the RFCs: from the user's options, otherwise from what is known of its vendor. */
import { reservedParameters } from './authorization-code.js';
import { findVendor, type VendorNeeds } from './vendors/index.js';

/** The user's options. Each overrides what is known of the vendor. `none` omits a parameter. */
export interface DialectOptions {
  readonly resource?: string;
  readonly prompt?: string;
  readonly offlineAccess?: boolean;
  readonly pkceUnadvertised?: boolean;
  readonly authorizeParameters?: Readonly<Record<string, string>>;
}

export interface Dialect {
  /** RFC 8707 `resource` instead of the discovered one; `none` to send none. */
  readonly resource: string | undefined;
  /** OpenID Connect `prompt`; `none` to send none. Undefined: `consent` if `offline_access` is requested. */
  readonly prompt: string | undefined;
  /** Whether to request `offline_access`. Undefined: if the metadata lists it. */
  readonly offlineAccess: boolean | undefined;
  /** Whether the server supports PKCE although its metadata does not say so. */
  readonly pkceUnadvertised: boolean;
  readonly authorizeParameters: Readonly<Record<string, string>>;
  /** Whether a refresh must name the scopes. */
  readonly scopeAtRefresh: boolean;
  /** The scope to request if neither the user nor the server names one. */
  readonly defaultScope: string | undefined;
  /** Flows that cannot work with this server: the reason by name of the flow, as the end of a sentence. */
  readonly unsupportedFlows: Readonly<Record<string, string>>;
  /** The vendor, and a short description of each of its deviations that is applied. */
  readonly vendor?: { readonly name: string; readonly applied: readonly string[] };
}

/**
 * Combine the user's options with the deviations of the issuer's vendor.
 *
 * @param issuer must have been validated.
 */
export function findDialect(issuer: string, options: DialectOptions): Dialect {
  const vendor = findVendor(issuer);
  const known = readValues(vendor?.needs ?? {});
  const vendorParameters = omitGivenParameters(known.authorizeParameters, options);
  return {
    resource: options.resource ?? known.resource,
    prompt: options.prompt ?? known.prompt,
    offlineAccess: options.offlineAccess ?? known.offlineAccess,
    pkceUnadvertised: options.pkceUnadvertised ?? known.pkceUnadvertised ?? false,
    authorizeParameters: omitReservedParameters({ ...vendorParameters, ...options.authorizeParameters }),
    scopeAtRefresh: known.scopeAtRefresh ?? false,
    defaultScope: known.defaultScope,
    unsupportedFlows: known.unsupportedFlows ?? {},
    ...(vendor && { vendor: { name: vendor.name, applied: describeNeeds(known, { options, vendorParameters }) } }),
  };
}

/** The values of a vendor's needs, without their sources. */
type KnownValues = { readonly [Key in keyof VendorNeeds]: NonNullable<VendorNeeds[Key]>['value'] };

function readValues(needs: VendorNeeds): KnownValues {
  return Object.fromEntries(Object.entries(needs).map(([name, { value }]) => [name, value as unknown]));
}

/** The deviations that no option overrides, each in a few words. */
function describeNeeds(
  { resource, prompt, offlineAccess, pkceUnadvertised, scopeAtRefresh }: KnownValues,
  { options, vendorParameters }: { options: DialectOptions; vendorParameters: Readonly<Record<string, string>> },
): string[] {
  const words: string[] = [];
  if (resource !== undefined && options.resource === undefined) words.push('no resource');
  if (prompt !== undefined && options.prompt === undefined) words.push(prompt === 'none' ? 'no prompt' : `prompt=${prompt}`);
  if (offlineAccess !== undefined && options.offlineAccess === undefined) words.push(`${offlineAccess ? '' : 'no '}offline_access`);
  if (pkceUnadvertised && options.pkceUnadvertised === undefined) words.push('PKCE although it is not advertised');
  words.push(...Object.entries(vendorParameters).map(([name, value]) => `${name}=${value}`));
  if (scopeAtRefresh) words.push('scope at each refresh');
  return words;
}

/** The vendor's parameters that the user has not given. */
function omitGivenParameters(
  needed: Readonly<Record<string, string>> = {},
  { authorizeParameters = {} }: DialectOptions,
): Record<string, string> {
  const given = Object.keys(authorizeParameters);
  return Object.fromEntries(Object.entries(needed).filter(([name]) => !given.includes(name)));
}

/** A store file, or a document that was imported into it, may contain parameters that the command line rejects: another `state`, no PKCE. */
function omitReservedParameters(parameters: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !reservedParameters.has(name)));
}

/** The `resource` to send: the user's or the vendor's, otherwise the discovered one; undefined to send none. */
export function chooseResource(dialect: Pick<Dialect, 'resource'>, discovered: string): string | undefined {
  return dialect.resource === 'none' ? undefined : (dialect.resource ?? discovered);
}

/**
 * The `prompt` to send; undefined to send none. By default `consent` is sent
 * - with `offline_access`, which may be granted only then (OpenID Connect Core section 11), and
 * - for a client that the logins of several MCP servers share: an authorization server that remembers consent per client would
 *   not ask again.
 */
export function choosePrompt(
  { prompt }: Pick<Dialect, 'prompt'>,
  { scope, isShared }: { scope: string | undefined; isShared: boolean },
): string | undefined {
  if (prompt !== undefined) return prompt === 'none' ? undefined : prompt;
  return isShared || scope?.split(' ').includes('offline_access') ? 'consent' : undefined;
}

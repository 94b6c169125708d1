/** How one authorization server is asked, where that is not as the RFCs have it: by what the person says, else by its make. */
import { reservedParameters } from './authorization-code.js';
import { findVendor, type Fact, type Needs } from './vendors/index.js';

/** What the person has said; each wins over what is known of the make. `none` leaves a parameter out. */
export interface DialectOptions {
  readonly resource?: string;
  readonly prompt?: string;
  readonly offlineAccess?: boolean;
  readonly pkceUnadvertised?: boolean;
  readonly authorizeParameters?: Readonly<Record<string, string>>;
}

export interface Dialect {
  /** RFC 8707 `resource` in place of what discovery found; `none` for none. */
  readonly resource: string | undefined;
  /** OpenID Connect `prompt`; `none` for none. Undefined: `consent` where `offline_access` is asked for. */
  readonly prompt: string | undefined;
  /** Whether to ask for `offline_access`. Undefined: where the metadata lists it. */
  readonly offlineAccess: boolean | undefined;
  /** Whether it does PKCE though its metadata does not say so. */
  readonly pkceUnadvertised: boolean;
  readonly authorizeParameters: Readonly<Record<string, string>>;
  /** Whether a refresh names the scopes once more. */
  readonly scopeAtRefresh: boolean;
  /** What to ask for where neither the person nor the server names a scope. */
  readonly defaultScope: string | undefined;
  /** Flows that cannot work, with the reason as the end of a sentence. */
  readonly unsupportedFlows: Readonly<Record<string, string>>;
  /** The make, and in a few words each what was taken from its record. */
  readonly vendor?: { readonly name: string; readonly taken: readonly string[] };
}

/** @param issuer one that has been validated. */
export function findDialect(issuer: string, said: DialectOptions): Dialect {
  const vendor = findVendor(issuer);
  const needs: Needs = vendor?.needs ?? {};
  const theirs = parametersLeft(needs.authorizeParameters, said);
  const taken = [
    ...(said.resource === undefined && needs.resource ? ['no resource'] : []),
    ...(said.prompt === undefined && needs.prompt ? [needs.prompt.value === 'none' ? 'no prompt' : `prompt=${needs.prompt.value}`] : []),
    ...(said.offlineAccess === undefined && needs.offlineAccess ? [`${needs.offlineAccess.value ? '' : 'no '}offline_access`] : []),
    ...(said.pkceUnadvertised === undefined && needs.pkceUnadvertised ? ['PKCE though it is not advertised'] : []),
    ...Object.entries(theirs).map(([name, value]) => `${name}=${value}`),
    ...(needs.scopeAtRefresh ? ['scope at each refresh'] : []),
  ];
  return {
    resource: said.resource ?? needs.resource?.value,
    prompt: said.prompt ?? needs.prompt?.value,
    offlineAccess: said.offlineAccess ?? needs.offlineAccess?.value,
    pkceUnadvertised: said.pkceUnadvertised ?? needs.pkceUnadvertised?.value ?? false,
    authorizeParameters: withoutOwn({ ...theirs, ...said.authorizeParameters }),
    scopeAtRefresh: needs.scopeAtRefresh?.value ?? false,
    defaultScope: needs.defaultScope?.value,
    unsupportedFlows: needs.unsupportedFlows?.value ?? {},
    ...(vendor && { vendor: { name: vendor.name, taken } }),
  };
}

/** What the make needs and the person has not said otherwise; a prompt of theirs is a prompt of ours. */
function parametersLeft(needed: Fact<Readonly<Record<string, string>>> | undefined, said: DialectOptions): Record<string, string> {
  const names = Object.keys(said.authorizeParameters ?? {});
  const left = Object.entries(needed?.value ?? {}).filter(([name]) => !names.includes(name));
  return Object.fromEntries(left);
}

/** A store, or a document that was imported into it, may say what the command line would refuse: another `state`, no PKCE. */
function withoutOwn(parameters: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !reservedParameters.has(name)));
}

/** The `resource` to send: the one that is said, else the one that was found; undefined for none. */
export function chooseResource(dialect: Pick<Dialect, 'resource'>, found: string): string | undefined {
  return dialect.resource === 'none' ? undefined : (dialect.resource ?? found);
}

/**
 * The `prompt` to send. Consent is asked for anew for `offline_access`, which is given only then (OpenID Connect Core section 11),
 * and for a client that other MCP servers' logins are by: one that remembers consent by client would ask nothing.
 */
export function choosePrompt(
  { prompt }: Pick<Dialect, 'prompt'>,
  { scope, isShared }: { scope: string | undefined; isShared: boolean },
): string | undefined {
  if (prompt !== undefined) return prompt === 'none' ? undefined : prompt;
  return isShared || scope?.split(' ').includes('offline_access') ? 'consent' : undefined;
}

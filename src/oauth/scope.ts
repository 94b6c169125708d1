/** Which scopes a login requests: MCP authorization 2025-11-25, "Scope Selection Strategy"; OpenID Connect Core section 11. */
import type { Discovery } from './discovery.js';

export interface ScopeOptions {
  /** The scope that the user named. */
  readonly asked: string | undefined;
  /** The scope in the challenge of a step-up, requested in addition. */
  readonly challenged: string | undefined;
  /** The scope that was requested before a step-up, requested again with the new one. */
  readonly before: string | undefined;
  /** Whether a refresh token is of use. A flow without a user requests a new token instead. */
  readonly offline: boolean;
  /** Whether to request `offline_access` even if it is not listed; undefined to go by the list. */
  readonly offlineAccess?: boolean | undefined;
  /** The scope to request if neither the user nor the server names one. */
  readonly least?: string | undefined;
}

/**
 * The scope to request: the one that the user named; otherwise the one in the challenge; otherwise all that the resource's
 * metadata lists; otherwise none. `offline_access`, which asks for a refresh token, is added if the authorization server lists it.
 *
 * @returns scope tokens separated by spaces, or undefined to send no `scope`.
 */
export function chooseScope(discovery: Discovery, options: ScopeOptions): string | undefined {
  const { asked, challenged = '', before = '', offline, offlineAccess } = options;
  const scopes = new Set(splitScopes(`${before} ${chooseBaseScope(discovery, options) ?? ''} ${challenged}`));
  const isListed = discovery.metadata.scopes_supported?.includes('offline_access') ?? false;
  if (offline && (offlineAccess ?? isListed)) scopes.add('offline_access');
  // --no-offline-access also removes it from the server's list, but not from the scopes that the user named.
  if (offlineAccess === false && !splitScopes(asked ?? '').includes('offline_access')) scopes.delete('offline_access');
  return scopes.size === 0 ? undefined : [...scopes].join(' ');
}

function chooseBaseScope({ challengedScope, resourceScopes }: Discovery, { asked, least }: ScopeOptions): string | undefined {
  return asked ?? nonEmpty(challengedScope) ?? nonEmpty(resourceScopes?.join(' ')) ?? least;
}

function splitScopes(scope: string): string[] {
  return scope.split(' ').filter(Boolean);
}

function nonEmpty(scope: string | undefined): string | undefined {
  return scope === '' ? undefined : scope;
}

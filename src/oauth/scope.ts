/** Which scopes a login asks for: MCP authorization 2025-11-25, "Scope Selection Strategy"; OpenID Connect Core section 11. */
import type { Discovery } from './discovery.js';

/**
 * The scope of the authorization request: what the person named, else what the challenge names, else all that the
 * resource's metadata lists, else none. `offline_access`, which asks for a refresh token, is added where the
 * authorization server lists it.
 *
 * @param challenged what a step-up wants besides.
 * @param offline whether a refresh token is of use: a flow without a person asks for a new token in place of it.
 * @param before scopes that were asked for before a step-up, which are asked for again with the new ones.
 * @returns scope tokens joined by spaces, or undefined to send no `scope`.
 */
export function scopeToRequest(
  discovery: Discovery,
  {
    asked,
    challenged,
    before,
    offline,
  }: { asked: string | undefined; challenged: string | undefined; before: string | undefined; offline: boolean },
): string | undefined {
  const chosen = asked ?? nonEmpty(discovery.challengedScope) ?? discovery.resourceScopes?.join(' ');
  const scopes = new Set(`${before ?? ''} ${chosen ?? ''} ${challenged ?? ''}`.split(' ').filter(Boolean));
  if (offline && discovery.metadata.scopes_supported?.includes('offline_access')) scopes.add('offline_access');
  return scopes.size === 0 ? undefined : [...scopes].join(' ');
}

function nonEmpty(scope: string | undefined): string | undefined {
  return scope === '' ? undefined : scope;
}

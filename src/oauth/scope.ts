/** Which scopes a login asks for: MCP authorization 2025-11-25, "Scope Selection Strategy"; OpenID Connect Core section 11. */
import type { Discovery } from './discovery.js';

/**
 * The scope of the authorization request: what the person named, else what the challenge names, else all that the
 * resource's metadata lists, else none. `offline_access`, which asks for a refresh token, is added where the
 * authorization server lists it.
 *
 * @param challenged what a step-up wants besides.
 * @param offline whether a refresh token is of use: a flow without a person asks for a new token in place of it.
 * @param offlineAccess whether to ask for `offline_access` whatever is listed; undefined to go by the list.
 * @param least what to ask for where there is nothing else to ask for.
 * @param before scopes that were asked for before a step-up, which are asked for again with the new ones.
 * @returns scope tokens joined by spaces, or undefined to send no `scope`.
 */
export function chooseScope(
  discovery: Discovery,
  {
    asked,
    challenged,
    before,
    offline,
    offlineAccess,
    least,
  }: {
    asked: string | undefined;
    challenged: string | undefined;
    before: string | undefined;
    offline: boolean;
    offlineAccess?: boolean | undefined;
    least?: string | undefined;
  },
): string | undefined {
  const chosen = asked ?? nonEmpty(discovery.challengedScope) ?? nonEmpty(discovery.resourceScopes?.join(' ')) ?? least;
  const scopes = new Set(`${before ?? ''} ${chosen ?? ''} ${challenged ?? ''}`.split(' ').filter(Boolean));
  const isListed = discovery.metadata.scopes_supported?.includes('offline_access') ?? false;
  if (offline && (offlineAccess ?? isListed)) scopes.add('offline_access');
  // Said by the person, it holds for what the server lists too; what they ask for by name is theirs to ask.
  if (offlineAccess === false && !asked?.split(' ').includes('offline_access')) scopes.delete('offline_access');
  return scopes.size === 0 ? undefined : [...scopes].join(' ');
}

function nonEmpty(scope: string | undefined): string | undefined {
  return scope === '' ? undefined : scope;
}

/** The relay that the user has set: `mcp-auth config relay URL`. */
import type { Context } from '../context.js';
import type { Http } from '../effects.js';
import { AuthError, toAuthError } from '../errors.js';
import type { Relay } from '../flows/flow.js';
import { parseSafeUrl } from '../http/url-policy.js';
import { clientIdOf } from '../relay-protocol/messages.js';
import { quote } from '../text/server-text.js';
import { parseObject } from '../text/json.js';

/**
 * Checks the URL of a relay, and removes the slash at its end.
 *
 * @throws AuthError `usage` unless it is https, or http to this machine, without a path.
 */
export function parseRelayUrl(value: string): string {
  const url = parseSafeUrl(value, { what: 'The URL of the relay', code: 'usage' });
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new AuthError('usage', `The URL of the relay, ${quote(value)}, has a path.`, { hint: `Pass only its origin: ${url.origin}` });
  }
  return url.origin;
}

/** The relay of the preferences, if it responds. If it does not, the login goes on without it, and the user is told. */
export async function findRelay(
  { relayWanted = true }: { readonly relayWanted?: boolean },
  { preferences, http, ui, signal }: Context,
): Promise<Relay | undefined> {
  const set = relayWanted ? (await preferences.read()).relay : undefined;
  if (set === undefined) return undefined;
  try {
    const url = parseRelayUrl(set);
    await requestRelay({ url, http, signal });
    return { url, http };
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, hint } = toAuthError(error);
    ui.warn([`The relay is not used: ${message}`, hint].filter(Boolean).join(' '));
    return undefined;
  }
}

/**
 * Asks a relay whether it is one.
 *
 * @throws AuthError `response_invalid` if something else responds, and as `Http.fetch` does.
 */
export async function requestRelay({ url, http, signal }: { url: string; http: Http; signal: AbortSignal }): Promise<void> {
  const response = await http.fetch(clientIdOf(url), { headers: { accept: 'application/json' }, signal });
  const document = parseObject(await response.text());
  if (response.status === 200 && document?.['mcp_auth_relay'] === 1 && document['client_id'] === clientIdOf(url)) return;
  throw new AuthError('response_invalid', `There is no relay of mcp-auth at ${url} (status ${response.status}).`, {
    hint: 'Check the URL: mcp-auth config relay. It must be the --public-url of the relay.',
  });
}

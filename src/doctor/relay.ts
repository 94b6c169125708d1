/** The relay that the user has set. */
import { AuthError } from '../errors.js';
import { isRelayed, selectFlows } from '../flows/index.js';
import { parseRelayUrl, requestRelay } from '../login/relay.js';
import { findRelayClient } from '../login/client.js';
import { supportsFragment } from '../oauth/authorization-code.js';
import { redirectUriOf } from '../relay-protocol/messages.js';
import { failure, fine, type Check, type CheckResult, type MachineCheck } from './check.js';

/** Whether the relay responds. Reported only if one is set. */
export const relay: MachineCheck = {
  name: 'Relay',
  run: async (_, { preferences, http, signal }) => {
    const { relay: set } = await preferences.read();
    if (set === undefined) return undefined;
    try {
      const url = parseRelayUrl(set);
      await requestRelay({ url, http, signal });
      return fine(`${url} responds. Logins use it; --no-relay does not.`);
    } catch (error) {
      if (!(error instanceof AuthError) || signal.aborted) throw error;
      return failure(`${set} cannot be used: ${error.message}`, {
        hint: error.hint === '' ? 'Logins go on without it. To remove it, run: mcp-auth config relay --unset' : error.hint,
      });
    }
  },
};

/** How a login to this server would use the relay. */
export const relayedLogin: Check = {
  name: 'Relay',
  run: async ({ discovery, dialect }, { env, http, preferences }): Promise<CheckResult | undefined> => {
    const { relay: set, 'client-metadata-url': document } = await preferences.read();
    if (set === undefined || discovery === undefined || dialect === undefined) return undefined;
    const { metadata } = discovery;
    const relay = { url: parseRelayUrl(set), http };
    const conditions = { metadata, dialect, browserWanted: false, credentials: {}, relay, inTwoSteps: false, env };
    if (!isRelayed(selectFlows(conditions, undefined))) return fine('no login to this server uses the relay');
    const seen = supportsFragment(metadata)
      ? 'the relay does not see the code'
      : 'the relay sees the code, which is of no use without the PKCE verifier';
    const readsOurs = metadata.client_id_metadata_document_supported === true && document === undefined;
    const published = readsOurs ? findRelayClient({ relay }) : undefined;
    const client = published === undefined ? `the redirect URI is ${redirectUriOf(relay.url)}` : `the client is ${published.url}`;
    return fine(`${client}; ${seen}`);
  },
};

/**
 * Logins that an older version of mcp-auth has started: settings in camelCase, times in milliseconds. An attempt expires within an
 * hour, so this file can be deleted once no older version is in use.
 */
import { readHeaders } from '../session/server-access.js';
import type { AttemptFile } from '../store/attempts.js';
import type { ServerEntry } from '../store/document.js';
import { readSettings, type ServerSettings } from '../store/settings.js';
import type { FlowState } from '../flows/flow.js';
import { toSeconds } from '../text/duration.js';
import { toEntry, type StoredAgreement } from './agreement.js';
import type { StoredAttempt } from './two-steps.js';

type OlderAttempt = AttemptFile &
  Omit<StoredAgreement, 'entry' | 'headers'> & {
    readonly kept: Readonly<Record<string, unknown>>;
    /** Absent in still older versions, which stored only `trusted_issuer` and `issuer_address`. */
    readonly settings?: ServerSettings;
    readonly headers?: Readonly<Record<string, string>>;
    readonly trusted_issuer?: string;
    readonly issuer_address?: string;
  };

/**
 * An attempt in today's form.
 *
 * @param entry the server in the store, whose settings and headers apply if the attempt has none.
 */
export function upgradeAttempt(attempt: StoredAttempt | OlderAttempt, entry: ServerEntry | undefined): StoredAttempt {
  if (!isOlder(attempt)) return attempt;
  const { kept, settings, headers, trusted_issuer, issuer_address, ...rest } = attempt;
  const before = { ...readSettings(entry), ...(trusted_issuer && { trustedIssuer: trusted_issuer, trustedIssuerAt: issuer_address }) };
  return { ...rest, entry: toEntry(settings ?? before), headers: headers ?? readHeaders(entry), state: upgradeState(kept) };
}

function isOlder(attempt: StoredAttempt | OlderAttempt): attempt is OlderAttempt {
  return attempt.format === undefined;
}

/** The state of the flows device and paste, the only ones with two steps. */
function upgradeState(kept: Readonly<Record<string, unknown>>): FlowState {
  if (kept['deviceCode'] === undefined) return { ...kept, opens_until: toSeconds(kept['opens_until']) };
  return {
    device_code: kept['deviceCode'],
    user_code: kept['userCode'],
    verification_uri: kept['verificationUri'],
    verification_uri_complete: kept['verificationUriComplete'],
    interval: kept['interval'],
    expires_in: kept['expiresIn'],
    expires_at: toSeconds(kept['expiresAt']),
  };
}

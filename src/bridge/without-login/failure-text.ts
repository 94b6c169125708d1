/** Why a login has failed, as the text of a tool result. */
import type { AuthError, ErrorCode } from '../../errors.js';

/** What the model should do, where the hint for a user at a terminal does not say it. */
const advice: Partial<Record<ErrorCode, string>> = {
  access_denied: 'Do not start another login unless the user asks for it.',
  timed_out: 'Call log_in to start another login.',
  attempt_unknown: 'Call log_in to start a login.',
};

/**
 * The sentence and the hint of an error. Addresses and the server's own words are left out: the model shows this text to the user,
 * who must be sent to no address but that of the login.
 */
export function formatFailure({ code, message, hint }: AuthError): string {
  const sentences = [message, advice[code] ?? hint ?? ''].filter((one) => one !== '');
  return sentences.map(withoutAddresses).join(' ');
}

function withoutAddresses(text: string): string {
  return text.replace(/“[^“”]*”/g, '“…”').replace(/https?:\/\/[^\s,;)]*[^\s,;).]/gi, '(address)');
}

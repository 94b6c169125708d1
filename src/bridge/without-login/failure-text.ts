/** Why a login has failed, as the text of a tool result. */
import type { AuthError, ErrorCode } from '../../errors.js';

/** What the model should do, where the hint for a user at a terminal does not say it. */
const advice: Partial<Record<ErrorCode, string>> = {
  access_denied: 'Do not start another login unless the user asks for it.',
  // Only the user can decide to trust that site.
  endpoint_elsewhere: 'Ask the user to log in: mcp-auth login',
  timed_out: 'Call log_in to start another login.',
  attempt_unknown: 'Call log_in to start a login.',
};

/** What has happened, where the sentence of the error consists of the server's words. */
const sentences: Partial<Record<ErrorCode, string>> = {
  access_denied: 'The login was denied at the page.',
  endpoint_elsewhere: 'The authorization server names a page on another site, so no login was started.',
};

/**
 * The sentence and the hint of an error. Addresses and the server's own words are left out: the model shows this text to the user,
 * who must be sent to no address but that of the login.
 */
export function formatFailure({ code, message, hint }: AuthError): string {
  const parts = [sentences[code] ?? message, advice[code] ?? withoutChallenge(hint)].filter((one) => one !== '');
  return parts.map(withoutAddresses).join(' ');
}

/** A command without the challenge, which has the server's words. */
function withoutChallenge(hint = ''): string {
  return hint.replace(/ --challenge .*$/s, '');
}

function withoutAddresses(text: string): string {
  return text
    .replace(/“[^“”]*”/g, '“…”')
    .replaceAll('\\"', '')
    .replace(/"[^"]*"/g, '"…"')
    .replace(/https?:\/\/[^\s,;)]*[^\s,;).]/gi, '(address)');
}

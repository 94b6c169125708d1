/**
 * An authorization response that the user pastes: the redirect URL that the browser ended on, in whatever form terminals, shells
 * and chat programs leave it.
 */
import { AuthError } from '../errors.js';
import { checkAuthorizationResponse, type AuthorizationAttempt, type AuthorizationResponse } from './authorization-code.js';

const hint = 'Approve in the browser, then copy the whole redirect URL from its address bar, even if that page does not load.';

/**
 * Parse the pasted text: the whole redirect URL, also if it is broken into lines, quote, escaped by a shell, or without its
 * scheme; only its query; `code#state`; or, if the authorization server does not identify itself in its responses, only the code.
 *
 * @throws AuthError `nothing_pasted`, `not_an_address`, `address_mismatch` or `address_incomplete`, after which the user may
 * paste again, and the errors of `checkAuthorizationResponse`.
 */
export function parsePastedResponse(text: string, attempt: AuthorizationAttempt): AuthorizationResponse {
  const [whole = '', ...parts] = listCandidates(text);
  try {
    return parseCandidate(whole, attempt);
  } catch (error) {
    for (const part of parts) {
      try {
        return parseCandidate(part, attempt);
      } catch {
        // The error about the whole text says more.
      }
    }
    throw error;
  }
}

/**
 * What may be the redirect URL, the most likely first: the whole text; each line, the last one first, because a second paste may
 * follow a failed one; each word that looks like a response, because it may be part of a sentence.
 */
function listCandidates(text: string): string[] {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const words = text.split(/\s+/).filter((word) => /[?&](code|error|state)=/.test(word));
  return [...new Set([text, ...lines.reverse(), ...words])].filter((one) => one.trim() !== '');
}

/** Terminal escape sequences, white space, box drawing characters, the backslashes of a shell, and characters without a width. */
// eslint-disable-next-line no-control-regex -- escape sequences start with one
const foreignCharacters = /\u001b\[[0-?]*[ -/]*[@-~]|[\s\\\p{C}\p{Default_Ignorable_Code_Point}\u2500-\u257f]/gu;
/** Quotes and brackets around a URL in a text, and the mark that zsh prints at the end of an incomplete line. */
const openingMarks = new Set('"\'`“”‘’«»<([{');
const closingMarks = new Set('"\'`“”‘’«»>)]}%.,;!');

function cleanText(text: string): string {
  const bare = text.replace(/&(amp;)+|&#(38|x26);/gi, '&').replace(foreignCharacters, '');
  // Not a regular expression: one that is anchored at the end takes quadratic time, and the server chooses the text.
  let [start, end] = [0, bare.length];
  while (start < end && openingMarks.has(bare.charAt(start))) start += 1;
  while (end > start && closingMarks.has(bare.charAt(end - 1))) end -= 1;
  return bare.slice(start, end);
}

function parseCandidate(text: string, attempt: AuthorizationAttempt): AuthorizationResponse {
  const pasted = cleanText(text);
  if (pasted === '') throw new AuthError('nothing_pasted', 'Nothing was pasted.', { hint });
  const query = findQuery(pasted, attempt);
  const labelledCode = parseLabelledCode(pasted);
  if (labelledCode !== undefined) return checkBareCode({ code: labelledCode, state: undefined }, attempt);
  if (query !== undefined) return checkParameters(new URLSearchParams(query), attempt);
  const [, code, state] = /^([^#?&=/:]+)(?:#([^#?&=/:]+))?$/.exec(pasted) ?? [];
  // Several words are a sentence, even if they look like a code once the spaces are removed.
  if (code === undefined || code.length < 8 || /\S[ \t]+\S/.test(text.trim())) {
    throw new AuthError('not_an_address', 'The pasted text is not a redirect URL.', { hint });
  }
  return checkBareCode({ code, state }, attempt);
}

/** The query of the redirect URL in the pasted text; undefined if there is none. */
function findQuery(pasted: string, attempt: AuthorizationAttempt): string | undefined {
  const redirectUri = new URL(attempt.request.redirectUri);
  const beforeQuery = `${redirectUri.host}${redirectUri.pathname}?`;
  // The last one: a complete URL may follow one that was cut off.
  const start = pasted.lastIndexOf(beforeQuery);
  // It may be followed by other text, so stop at a character that no URL contains.
  if (start !== -1) return /^[^"<>`#[\]()]*/.exec(pasted.slice(start + beforeQuery.length))?.[0];
  if (URL.canParse(pasted) && /^https?:/i.test(pasted)) throw createOtherUrlError(new URL(pasted), attempt);
  return /(?:^|[?&])((?:code|error|state|iss)=[^#]*)/s.exec(pasted)?.[1];
}

/** The error for a URL that is not the redirect URL. It says which page the URL is of. */
function createOtherUrlError(pasted: URL, { url, request }: AuthorizationAttempt): AuthError {
  const { origin, pathname, host } = new URL(url);
  if (pasted.origin === origin && pasted.pathname === pathname) {
    const message = 'This is the URL of the login page. Approve there, then paste the redirect URL that you end on.';
    return new AuthError('address_mismatch', message, { hint });
  }
  if (pasted.origin === origin) {
    const message = `This is still a page of ${host}. Continue there until you have approved, then paste the redirect URL that you end on.`;
    return new AuthError('address_mismatch', message);
  }
  const redirectUri = new URL(request.redirectUri);
  if (pasted.origin === redirectUri.origin && pasted.pathname === redirectUri.pathname) {
    return new AuthError('address_incomplete', 'The redirect URL is incomplete: the part after its “?” is missing.', { hint });
  }
  return new AuthError('address_mismatch', `This is not the redirect URL: it must start with ${request.redirectUri}`, { hint });
}

/** The code if the pasted text is only `code=…`, which some pages show for copying. */
function parseLabelledCode(pasted: string): string | undefined {
  return /^\??code[=:]([^&=#?]+=*)$/.exec(pasted)?.[1];
}

/** Check the response as usual, except that a parameter that was cut off is not an attack: the user may paste again. */
function checkParameters(parameters: URLSearchParams, attempt: AuthorizationAttempt): AuthorizationResponse {
  const { metadata } = attempt.request;
  if (isCutOff(parameters.getAll('state'), attempt.state)) throw createIncompleteError('state');
  const belongsToAttempt = parameters.get('state') === attempt.state;
  if (belongsToAttempt && identifiesIssuer(attempt) && isCutOff(parameters.getAll('iss'), metadata.issuer)) {
    throw createIncompleteError('iss');
  }
  return checkAuthorizationResponse(parameters, attempt);
}

function isCutOff([value, ...others]: readonly string[], whole: string): boolean {
  return others.length === 0 && (value === undefined || (value !== whole && whole.startsWith(value)));
}

function createIncompleteError(parameter: string): AuthError {
  return new AuthError('address_incomplete', `The redirect URL is incomplete: its “${parameter}” is missing or cut off.`, {
    hint: 'Copy the whole redirect URL, to its very end.',
  });
}

/** Whether the authorization server names itself in every response (RFC 9207 section 3). */
function identifiesIssuer({ request: { metadata } }: AuthorizationAttempt): boolean {
  return metadata.authorization_response_iss_parameter_supported === true;
}

/**
 * Check a code that a page shows for copying. A code does not say which server issued it (RFC 9207), so it is accepted only from
 * a server that never does. PKCE proves that it belongs to this attempt.
 */
function checkBareCode({ code, state }: { code: string; state: string | undefined }, attempt: AuthorizationAttempt): AuthorizationResponse {
  const { issuer, code_challenge_methods_supported: methods } = attempt.request.metadata;
  if (state === undefined && !methods?.includes('S256')) {
    throw new AuthError('address_incomplete', 'A bare code does not show that it belongs to this login. Paste the whole redirect URL.', {
      hint,
    });
  }
  if (identifiesIssuer(attempt)) {
    throw new AuthError(
      'address_incomplete',
      `${issuer} identifies itself in the redirect URL (RFC 9207), so a bare code cannot be accepted. Paste the whole redirect URL.`,
      { hint },
    );
  }
  const parameters = new URLSearchParams({ code: decode(code), state: state === undefined ? attempt.state : decode(state) });
  return checkParameters(parameters, attempt);
}

/** The text with its URL encoding removed, or unchanged if it has none. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

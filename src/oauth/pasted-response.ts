/**
 * An authorization response that comes by a person's hands: the address that the browser ended on, as terminals, shells
 * and chat programs leave it.
 */
import { AuthError } from '../errors.js';
import { checkAuthorizationResponse, type AuthorizationAttempt, type AuthorizationResponse } from './authorization-code.js';

const hint = 'Approve in the browser, then copy the whole address from its address bar, even if that page does not load.';

/**
 * Reads what was pasted: the whole address, also cut into lines, quoted, escaped by a shell, or without its scheme; its
 * query alone; `code#state`; or, where the authorization server does not say who it is in its response, a code alone.
 *
 * @throws AuthError `nothing_pasted`, `not_an_address`, `address_mismatch` or `address_incomplete`, after which another
 * paste may be tried, and what `checkAuthorizationResponse` throws.
 */
export function parsePastedResponse(text: string, attempt: AuthorizationAttempt): AuthorizationResponse {
  const [whole = '', ...others] = candidates(text);
  try {
    return parseOne(whole, attempt);
  } catch (error) {
    for (const line of others) {
      try {
        return parseOne(line, attempt);
      } catch {
        // What is wrong is said of the whole.
      }
    }
    throw error;
  }
}

/**
 * What may be the address, best first: all of it as one; each of its lines, the last one first, since a new try may have
 * come together with the one before; each word, since it may stand in a sentence.
 */
function candidates(text: string): string[] {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const words = text.split(/\s+/).filter((word) => /[?&](code|error|state)=/.test(word));
  return [...new Set([text, ...lines.reverse(), ...words])].filter((one) => one.trim() !== '');
}

/** What a terminal puts around a paste or colours it with, spaces, line ends, frames, a shell's backslashes, and what has no width. */
// eslint-disable-next-line no-control-regex -- escape sequences begin with one
const foreign = /\u001b\[[0-?]*[ -/]*[@-~]|[\s\\\p{C}\p{Default_Ignorable_Code_Point}\u2500-\u257f]/gu;
/** Quotes and brackets of a text around it, and the mark that zsh puts where a line does not end. */
const opening = new Set('"\'`“”‘’«»<([{');
const closing = new Set('"\'`“”‘’«»>)]}%.,;!');

function cleaned(text: string): string {
  const bare = text.replace(/&(amp;)+|&#(38|x26);/gi, '&').replace(foreign, '');
  // No regular expression: one that is anchored at the end takes quadratic time, and the server chooses what is pasted.
  let [start, end] = [0, bare.length];
  while (start < end && opening.has(bare.charAt(start))) start += 1;
  while (end > start && closing.has(bare.charAt(end - 1))) end -= 1;
  return bare.slice(start, end);
}

function parseOne(text: string, attempt: AuthorizationAttempt): AuthorizationResponse {
  const pasted = cleaned(text);
  if (pasted === '') throw new AuthError('nothing_pasted', 'Nothing was pasted.', { hint });
  const query = queryOf(pasted, attempt);
  const alone = codeAlone(pasted);
  if (alone !== undefined) return checkCodeAlone({ code: alone, state: undefined }, attempt);
  if (query !== undefined) return checkPasted(new URLSearchParams(query), attempt);
  const [, code, state] = /^([^#?&=/:]+)(?:#([^#?&=/:]+))?$/.exec(pasted) ?? [];
  // Several words are somebody's sentence, however much they look like a code without their spaces.
  if (code === undefined || code.length < 8 || /\S[ \t]+\S/.test(text.trim()))
    throw new AuthError('not_an_address', 'What was pasted is not an address.', { hint });
  return checkCodeAlone({ code, state }, attempt);
}

/** The part of it that the response is in, without its place; undefined when it has none. */
function queryOf(pasted: string, attempt: AuthorizationAttempt): string | undefined {
  const redirectUri = new URL(attempt.request.redirectUri);
  const place = `${redirectUri.host}${redirectUri.pathname}?`;
  // The last of several: a whole address may follow what was cut off.
  const start = pasted.lastIndexOf(place);
  // Up to what no address holds: it may stand in the middle of a text.
  if (start !== -1) return /^[^"<>`#[\]()]*/.exec(pasted.slice(start + place.length))?.[0];
  if (URL.canParse(pasted) && /^https?:/i.test(pasted)) throw anotherAddress(new URL(pasted), attempt);
  return /(?:^|[?&])((?:code|error|state|iss)=[^#]*)/s.exec(pasted)?.[1];
}

function anotherAddress(address: URL, { url, request }: AuthorizationAttempt): AuthError {
  const { origin, pathname, host } = new URL(url);
  if (address.origin === origin && address.pathname === pathname) {
    return new AuthError('address_mismatch', 'That is the page to open: approve there, then paste the address that you end on.', { hint });
  }
  if (address.origin === origin) {
    return new AuthError(
      'address_mismatch',
      `That is still a page of ${host}: go on there until you have approved, then paste the address that you end on.`,
    );
  }
  const { origin: wanted, pathname: path } = new URL(request.redirectUri);
  const isEmpty = address.origin === wanted && address.pathname === path;
  if (isEmpty) return new AuthError('address_incomplete', 'That address ends too early: what comes after its “?” is missing.', { hint });
  return new AuthError('address_mismatch', `That is another address: it should begin with ${request.redirectUri}`, { hint });
}

/** The code where it is all that was pasted of the response, as `code=…`, which some pages show for copying. */
function codeAlone(pasted: string): string | undefined {
  return /^\??code[=:]([^&=#?]+=*)$/.exec(pasted)?.[1];
}

/** As for every response, but what was cut off is told apart from what is wrong, and asked for again. */
function checkPasted(parameters: URLSearchParams, attempt: AuthorizationAttempt): AuthorizationResponse {
  const { metadata } = attempt.request;
  if (isCutOff(parameters.getAll('state'), attempt.state)) throw incomplete('state');
  const belongs = parameters.get('state') === attempt.state;
  if (belongs && namesIssuer(attempt) && isCutOff(parameters.getAll('iss'), metadata.issuer)) throw incomplete('iss');
  return checkAuthorizationResponse(parameters, attempt);
}

function isCutOff([value, ...more]: readonly string[], whole: string): boolean {
  return more.length === 0 && (value === undefined || (value !== whole && whole.startsWith(value)));
}

function incomplete(parameter: string): AuthError {
  return new AuthError('address_incomplete', `That address ends too early: its “${parameter}” is missing or cut off.`, {
    hint: 'Copy the whole address, to its very end.',
  });
}

function namesIssuer({ request: { metadata } }: AuthorizationAttempt): boolean {
  return metadata.authorization_response_iss_parameter_supported === true;
}

/**
 * A code that a page shows for copying. It cannot say who gave it (RFC 9207), so that it is taken only from a server that
 * never says so; that it is this attempt's is proven by PKCE.
 */
function checkCodeAlone(
  { code, state }: { code: string; state: string | undefined },
  attempt: AuthorizationAttempt,
): AuthorizationResponse {
  const { issuer, code_challenge_methods_supported: methods } = attempt.request.metadata;
  if (state === undefined && !methods?.includes('S256')) {
    throw new AuthError('address_incomplete', 'A code alone does not show that it belongs to this login: paste the whole address.', {
      hint,
    });
  }
  if (namesIssuer(attempt)) {
    throw new AuthError(
      'address_incomplete',
      `${issuer} says in the address who it is, which a code alone does not: paste the whole address.`,
      {
        hint,
      },
    );
  }
  const parameters = new URLSearchParams({ code: decoded(code), state: state === undefined ? attempt.state : decoded(state) });
  return checkPasted(parameters, attempt);
}

/** As it stood in an address, or as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

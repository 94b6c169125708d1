/**
 * What an authorization server's refusal is about, where its `error` alone does not say: servers put it into words. Pure. What
 * is read here decides what is tried next, or told; it never lets anything through.
 */

/** RFC 6749 section 5.2, with the server's words and the HTTP status. */
export interface OAuthErrorResponse {
  readonly error: string;
  readonly description?: string | undefined;
  readonly status?: number | undefined;
}

/** Whether a refusal is of RFC 8707 `resource`: by its own code, by Entra's numbers, or in words. */
export function rejectsResource({ error, description = '' }: OAuthErrorResponse): boolean {
  if (error === 'invalid_target' || error === 'invalid_resource') return true;
  if (/AADSTS(901002|9010010|9002331|500011|650057)\b/.test(description)) return true;
  const words =
    /\bresources?\b.{0,80}\b(not (be )?(supported|allowed|permitted|recogni[sz]ed|accepted|valid|found|expected)|unsupported|unknown|invalid|unexpected|forbidden|do(es)? not match)|\b(unsupported|unknown|invalid|unexpected|unrecogni[sz]ed|extra|disallowed)\b.{0,60}\bresources?\b/i;
  return ['invalid_request', 'unsupported_parameter', 'invalid_parameter'].includes(error) && words.test(description);
}

/**
 * Whether such a refusal says that the server does not know the parameter. One that knows it, and refuses this resource, would give
 * a token for another one if it were left out.
 */
export function doesNotSupportResource({ error, description = '' }: OAuthErrorResponse): boolean {
  if (/AADSTS901002\b/.test(description)) return true;
  const words =
    /\b(unsupported|unknown|unexpected|unrecogni[sz]ed|extra|disallowed)\b.{0,30}\bparam|\bparam(eter)?s?\b.{0,60}\b(not (be )?(supported|allowed|permitted|recogni[sz]ed|accepted|expected)|unsupported|unknown|unexpected|forbidden)/i;
  const isOfResource = !['invalid_target', 'invalid_resource'].includes(error) && rejectsResource({ error, description });
  return isOfResource && words.test(description) && !/\bvalue/i.test(description);
}

/** Whether a refusal is of OpenID Connect `prompt`, or of the consent that it asks for: by a word, or by Entra's numbers. */
export function rejectsPrompt({ error, description = '' }: OAuthErrorResponse): boolean {
  if (['consent_required', 'interaction_required', 'account_selection_required'].includes(error)) return true;
  return /AADSTS(90094|90095|90093)\b|\bprompt\b.{0,60}\b(not (supported|allowed|valid)|unsupported|invalid|unknown)|\b(unsupported|invalid|unknown)\b.{0,40}\bprompt\b|admin(istrator)? (approval|consent)/i.test(
    description,
  );
}

/** Whether a refusal wants the audience to be named, as Auth0 does. */
export function requiresAudience({ description = '' }: OAuthErrorResponse): boolean {
  return /\baudience\b/i.test(description);
}

/** Whether a refusal says that the scopes have to be named. */
export function requiresScope({ error, description = '' }: OAuthErrorResponse): boolean {
  if (/AADSTS900(09|14)\b/.test(description)) return true;
  return (
    ['invalid_request', 'invalid_scope', 'missing_scope'].includes(error) &&
    /\bscopes?\b.{0,60}\b(required|missing|must|mandatory|needed|not provided|empty)|\b(missing|requires?|no|empty|without)\b.{0,60}\bscopes?\b/i.test(
      description,
    )
  );
}

/** Errors that say by themselves that a refresh token is of no use any more, in the words of many servers. */
const endings: ReadonlySet<string> = new Set([
  ...['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token', 'expired_refresh_token', 'refresh_token_expired'],
  ...['refresh_token_invalid', 'refresh_token_revoked', 'refresh_token_not_found', 'missing_refresh_token', 'invalid_token'],
  ...['expired_token', 'token_expired', 'token_revoked', 'token_inactive', 'invalid_auth', 'account_inactive', 'inactive_user'],
  ...['user_disabled', 'session_expired', 'login_required', 'interaction_required', 'consent_required', 'reauthentication_required'],
]);

/** Errors that are about something else, whatever words stand beside them. */
const others: ReadonlySet<string> = new Set([
  'invalid_client',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'slow_down',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
  'server_error',
  'temporarily_unavailable',
]);

/** Entra ID's numbers for a refresh token that has expired or was revoked, or a person who has to be asked anew. */
const entraEndings = /AADSTS(700082|700084|70008|70043|50173|50076|50078|50079|50089|50133|50057|65001|54005)\b/;

/** To refresh a token is what was tried, and the grant is no token: what is said of these is not said of the refresh token. */
const otherThings =
  /\b(to|not|cannot|can.t|couldn.t|while|when|error) refresh(ing)? (the |an? |your |this )?(access )?token\b|refresh[ _-]?token[ _-]grant/gi;

/** What the words of a refusal say of the refresh token. */
const refreshTokenHasEnded =
  /refresh[ _-]?token.{0,60}\b(invalid|expired|revoked|unknown|unrecogni[sz]ed|not (valid|found|recogni[sz]ed|active|known)|inactive|does(n.t| not) exist|already (been )?used|reused?|consumed|no longer)|\b(invalid|expired|revoked|unknown|unrecogni[sz]ed|inactive|missing or invalid|no such|used)\b.{0,30}refresh[ _-]?token/is;

/**
 * Whether a refusal of a refresh ends the login: it says that the refresh token is of no use, in whatever words. One that came
 * with 429 or a 5xx says nothing for certain.
 */
export function rejectsRefreshToken({ error, description = '', status = 400 }: OAuthErrorResponse): boolean {
  if (status === 429 || status >= 500) return false;
  const name = error.toLowerCase();
  if (endings.has(name) || entraEndings.test(description)) return true;
  return !others.has(name) && refreshTokenHasEnded.test(`${error} ${description.replace(otherThings, '')}`);
}

/** Errors that say what has become of a request, of which a client has proved itself, whatever the status. */
const answers: ReadonlySet<string> = new Set(['authorization_pending', 'slow_down', 'access_denied']);

/** Whether a refusal is of the way in which the client has proved itself, so that another way may be tried (RFC 6749 section 5.2). */
export function rejectsClientAuthentication({ error, description = '', status }: OAuthErrorResponse): boolean {
  if (error === 'invalid_client' || (status === 401 && !endings.has(error) && !answers.has(error))) return true;
  return (
    ['invalid_request', 'unauthorized_client', 'invalid_credentials', 'unnamed error', `status ${status}`].includes(error) &&
    /client[ _-]?(auth|credential|secret|id\b)|\bbasic\b|credentials/i.test(description)
  );
}

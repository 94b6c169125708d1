/**
 * What an authorization server's error response is about, if its `error` alone does not say so: servers describe it in words. These
 * functions only decide what to try next and which hint to show; none of them makes a check less strict.
 */

/** RFC 6749 section 5.2, with the HTTP status. */
export interface OAuthErrorResponse {
  readonly error: string;
  readonly description?: string | undefined;
  readonly status?: number | undefined;
}

/** Whether the server rejects RFC 8707 `resource`: by an error code, by a number of Entra ID, or in words. */
export function rejectsResource({ error, description = '' }: OAuthErrorResponse): boolean {
  if (error === 'invalid_target' || error === 'invalid_resource') return true;
  if (/AADSTS(901002|9010010|9002331|500011|650057)\b/.test(description)) return true;
  const words =
    /\bresources?\b.{0,80}\b(not (be )?(supported|allowed|permitted|recogni[sz]ed|accepted|valid|found|expected)|unsupported|unknown|invalid|unexpected|forbidden|do(es)? not match)|\b(unsupported|unknown|invalid|unexpected|unrecogni[sz]ed|extra|disallowed)\b.{0,60}\bresources?\b/i;
  return ['invalid_request', 'unsupported_parameter', 'invalid_parameter'].includes(error) && words.test(description);
}

/**
 * Whether the server does not support the `resource` parameter at all. A server that supports it and rejects this resource might
 * issue a token for another one if the parameter were left out.
 */
export function doesNotSupportResource({ error, description = '' }: OAuthErrorResponse): boolean {
  if (/AADSTS901002\b/.test(description)) return true;
  const words =
    /\b(unsupported|unknown|unexpected|unrecogni[sz]ed|extra|disallowed)\b.{0,30}\bparam|\bparam(eter)?s?\b.{0,60}\b(not (be )?(supported|allowed|permitted|recogni[sz]ed|accepted|expected)|unsupported|unknown|unexpected|forbidden)/i;
  const isAboutResource = !['invalid_target', 'invalid_resource'].includes(error) && rejectsResource({ error, description });
  return isAboutResource && words.test(description) && !/\bvalue/i.test(description);
}

/** Whether the server rejects OpenID Connect `prompt`, or the consent that it asks for. */
export function rejectsPrompt({ error, description = '' }: OAuthErrorResponse): boolean {
  if (['consent_required', 'interaction_required', 'account_selection_required'].includes(error)) return true;
  return /AADSTS(90094|90095|90093)\b|\bprompt\b.{0,60}\b(not (supported|allowed|valid)|unsupported|invalid|unknown)|\b(unsupported|invalid|unknown)\b.{0,40}\bprompt\b|admin(istrator)? (approval|consent)/i.test(
    description,
  );
}

/** Whether the server requires an `audience` parameter, as Auth0 does. */
export function requiresAudience({ description = '' }: OAuthErrorResponse): boolean {
  return /\baudience\b/i.test(description);
}

/** Whether the server requires a `scope` parameter. */
export function requiresScope({ error, description = '' }: OAuthErrorResponse): boolean {
  if (/AADSTS900(09|14)\b/.test(description)) return true;
  return (
    ['invalid_request', 'invalid_scope', 'missing_scope'].includes(error) &&
    /\bscopes?\b.{0,60}\b(required|missing|must|mandatory|needed|not provided|empty)|\b(missing|requires?|no|empty|without)\b.{0,60}\bscopes?\b/i.test(
      description,
    )
  );
}

/** Errors that by themselves reject a refresh token, as various servers name them. */
const rejectedTokenErrors: ReadonlySet<string> = new Set([
  ...['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token', 'expired_refresh_token', 'refresh_token_expired'],
  ...['refresh_token_invalid', 'refresh_token_revoked', 'refresh_token_not_found', 'missing_refresh_token', 'invalid_token'],
  ...['expired_token', 'token_expired', 'token_revoked', 'token_inactive', 'invalid_auth', 'account_inactive', 'inactive_user'],
  ...['user_disabled', 'session_expired', 'login_required', 'interaction_required', 'consent_required', 'reauthentication_required'],
]);

/** Errors that are never about the refresh token, whatever their description says. */
const unrelatedErrors: ReadonlySet<string> = new Set([
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

/** Entra ID's numbers for a refresh token that has expired or was revoked, and for a user who must log in again. */
const entraRejectedToken = /AADSTS(700082|700084|70008|70043|50173|50076|50078|50079|50089|50133|50057|65001|54005)\b/;

/** Words that name the request or the grant, not the refresh token. They are removed before the description is searched. */
const otherMeanings =
  /\b(to|not|cannot|can.t|couldn.t|while|when|error) refresh(ing)? (the |an? |your |this )?(access )?token\b|refresh[ _-]?token[ _-]grant/gi;

/** How servers say that a refresh token is no longer valid. */
const rejectedTokenWords =
  /refresh[ _-]?token.{0,60}\b(invalid|expired|revoked|unknown|unrecogni[sz]ed|not (valid|found|recogni[sz]ed|active|known)|inactive|does(n.t| not) exist|already (been )?used|reused?|consumed|no longer)|\b(invalid|expired|revoked|unknown|unrecogni[sz]ed|inactive|missing or invalid|no such|used)\b.{0,30}refresh[ _-]?token/is;

/**
 * Whether the server rejects the refresh token, which ends the login. A response with 429 or a 5xx proves nothing: the refresh
 * token may still be valid.
 */
export function rejectsRefreshToken({ error, description = '', status = 400 }: OAuthErrorResponse): boolean {
  if (status === 429 || status >= 500) return false;
  const name = error.toLowerCase();
  if (rejectedTokenErrors.has(name) || entraRejectedToken.test(description)) return true;
  return !unrelatedErrors.has(name) && rejectedTokenWords.test(`${error} ${description.replace(otherMeanings, '')}`);
}

/** Errors that a server sends only after it has accepted the client authentication, whatever the status. */
const authenticatedErrors: ReadonlySet<string> = new Set(['authorization_pending', 'slow_down', 'access_denied']);

/** Whether the server rejects the client authentication, so that another method may be tried (RFC 6749 section 5.2). */
export function rejectsClientAuthentication({ error, description = '', status }: OAuthErrorResponse): boolean {
  if (error === 'invalid_client' || (status === 401 && !rejectedTokenErrors.has(error) && !authenticatedErrors.has(error))) return true;
  return (
    ['invalid_request', 'unauthorized_client', 'invalid_credentials', 'unnamed error', `status ${status}`].includes(error) &&
    /client[ _-]?(auth|credential|secret|id\b)|\bbasic\b|credentials/i.test(description)
  );
}

/** Dynamic client registration: RFC 7591, with `application_type` of OpenID Connect Dynamic Client Registration 1.0. */
import { dynamicClientRegistrationRequest, processDynamicClientRegistrationResponse } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { quoteShellWord } from '../text/command-line.js';
import { AuthError, hasCode } from '../errors.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import type { ClientInformation } from './client-information.js';
import { canAuthenticate, chooseAuthenticationMethod, chooseMethodToRegister } from './client-authentication.js';
import { findRegisteredRedirectUri } from './redirect-uri.js';
import { normaliseResponse, registrationNormalisations as normalisations } from './normalisation.js';
import { OAuthError } from './oauth-error.js';
import { toProtocolError } from './protocol-error.js';
import { createRequestOptions } from './request-options.js';
import { findVendor } from './vendors/index.js';

/** RFC 6749 errors that mean that a stored registration is unknown to the server, or lacks what is requested now. */
export const outdatedRegistrationErrors: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client', 'invalid_scope']);

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** The members of a registration response that are stored. */
const storedMembers = [
  'client_id',
  'client_secret',
  'client_secret_expires_at',
  'client_id_issued_at',
  'token_endpoint_auth_method',
  'grant_types',
  'redirect_uris',
  'scope',
] as const satisfies (keyof ClientInformation)[];

/** The content of one registration request. */
interface RegistrationVariant {
  readonly redirectUri: string;
  /** Empty to send only the redirect URI and the name, and leave the rest to the server. */
  readonly grantTypes: readonly string[];
  readonly scopes: readonly string[];
  readonly method: string;
  /** Members that are left out because the server has rejected them by name. */
  readonly omitted: readonly string[];
}

export interface RegistrationRequest {
  readonly metadata: AuthorizationServerMetadata;
  /** A loopback URL, as for every native application (RFC 8252 section 7.3), unless the user named another one. */
  readonly redirectUri: string;
  /** All scopes that the client may request: some servers allow no others (RFC 7591 section 2). */
  readonly scopes: readonly string[];
  /** The client authentication method, if the user named one. */
  readonly method?: string | undefined;
  /** Whether there is a TLS client certificate to authenticate with (RFC 8705). */
  readonly hasCertificate?: boolean | undefined;
  /** RFC 7591 section 3. Sent only to a server that refuses to register a client without it. */
  readonly initialAccessToken?: string;
}

/** HTTP statuses after which requesting less does not help. */
const finalStatuses: ReadonlySet<number | undefined> = new Set([401, 404, 405, 429]);

/**
 * Register mcp-auth with an authorization server. Only grants that the server offers are requested. A registration that is refused
 * is retried without what servers are known to refuse: the device grant, scopes, a loopback address that is not `localhost`,
 * and at last everything optional. The initial access token is sent only if the server has refused to register without it.
 *
 * @throws AuthError `registration_refused` with the server's first reason, `client_unusable`, `server_failed`.
 */
export async function requestRegistration(
  request: RegistrationRequest,
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<ClientInformation> {
  const { initialAccessToken, ...withoutToken } = request;
  try {
    return await requestBestVariant(withoutToken, context);
  } catch (error) {
    const isTokenRequired =
      hasCode(error, 'registration_refused') && error.cause instanceof OAuthError && [401, 403].includes(error.cause.status ?? 0);
    if (initialAccessToken === undefined || !isTokenRequired) throw error;
    return requestBestVariant(request, context);
  }
}

/** Request everything first, then less. */
async function requestBestVariant(request: RegistrationRequest, context: Pick<Effects, 'http' | 'signal'>): Promise<ClientInformation> {
  let remaining = listVariants(request);
  let firstError: OAuthError | undefined;
  for (let attempts = 1; ; attempts += 1) {
    const variant = remaining.shift();
    if (variant === undefined) break;
    try {
      return checkClient(await requestVariant({ ...request, variant }, context), { ...request, variant });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      firstError ??= error;
      if (finalStatuses.has(error.status) || error.code === 'server_failed' || attempts === maxAttempts) break;
      const isAboutRedirect = /redirect/i.test(`${error.error} ${error.description ?? ''}`);
      if (isAboutRedirect) remaining = remaining.filter((one) => one.redirectUri !== variant.redirectUri);
      remaining = [...changeRejectedMembers(variant, error, request), ...remaining];
    }
  }
  throw createRefusedError(firstError, request.metadata);
}

/** Registration requests that are sent at most. */
const maxAttempts = 10;

/** Members that a registration can do without, and that a server may reject by name. */
const omittableMembers = ['application_type', 'response_types', 'grant_types', 'scope', 'token_endpoint_auth_method', 'client_name'];

/** The same variant without the members that the error names; before that, with another authentication method if the error names only that. */
function changeRejectedMembers(
  variant: RegistrationVariant,
  { description = '' }: OAuthError,
  { metadata, method }: RegistrationRequest,
): RegistrationVariant[] {
  const isNamed = (member: string) => new RegExp(`\\b${member.replaceAll('_', '[ _-]?')}\\b`, 'i').test(description);
  const named = omittableMembers.filter((member) => isNamed(member) && !variant.omitted.includes(member));
  if (named.length === 0) return [];
  const without = { ...variant, omitted: [...variant.omitted, ...named] };
  const offered = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_post', 'client_secret_basic'];
  const other = offered.find((one) => one !== variant.method && /^(none|client_secret_(post|basic))$/.test(one));
  const isOnlyMethod = named.length === 1 && named[0] === 'token_endpoint_auth_method' && method === undefined;
  return isOnlyMethod && other !== undefined ? [{ ...variant, method: other }, without] : [without];
}

/** Whether a stored registration can be used again at `now`, in milliseconds since the epoch. */
export function isUsableRegistration(
  client: ClientInformation,
  { metadata, now }: { metadata: AuthorizationServerMetadata; now: number },
): boolean {
  const expiresAtSeconds = client.client_secret_expires_at ?? 0;
  if (expiresAtSeconds !== 0 && expiresAtSeconds * 1000 <= now) return false;
  return client.redirect_uris?.[0] !== undefined && canAuthenticate(client, metadata);
}

/** Whether the client is registered for a grant. A registration without `grant_types` does not say, and counts as registered. */
export function hasGrant(client: ClientInformation, grantType: string): boolean {
  return client.grant_types?.includes(grantType) ?? true;
}

/** Whether a new registration may add a grant to the client: one that its registration has not requested yet. */
export function canRegisterForGrant(client: ClientInformation, grantType: string): boolean {
  return client.obtained_by === 'dynamic_registration' && !hasGrant(client, grantType) && !client.refused_grant_types?.includes(grantType);
}

/** The registrations to try, the most complete first, without duplicates. */
function listVariants({
  metadata,
  redirectUri,
  scopes,
  method = chooseMethodToRegister(metadata),
}: Omit<RegistrationRequest, 'initialAccessToken'>): RegistrationVariant[] {
  const { grant_types_supported: supported, device_authorization_endpoint: device } = metadata;
  const isOffered = (grant: string) => supported?.includes(grant) ?? true;
  // A server with an authorization endpoint supports the authorization code grant, even if its list does not contain it.
  const codeGrants = ['authorization_code', ...['refresh_token'].filter(isOffered)];
  const allGrants = device !== undefined && isOffered(deviceCodeGrant) ? [...codeGrants, deviceCodeGrant] : codeGrants;
  const localhost = redirectUri.replace(/^http:\/\/(127\.0\.0\.1|\[::1\])(?=[:/])/, 'http://localhost');
  const variants = [
    { redirectUri, grantTypes: allGrants, scopes },
    { redirectUri, grantTypes: codeGrants, scopes },
    { redirectUri, grantTypes: allGrants, scopes: [] },
    { redirectUri, grantTypes: codeGrants, scopes: [] },
    { redirectUri: localhost, grantTypes: allGrants, scopes },
    { redirectUri: localhost, grantTypes: codeGrants, scopes: [] },
    { redirectUri, grantTypes: [], scopes: [] },
    { redirectUri: localhost, grantTypes: [], scopes: [] },
  ].map((variant) => ({ ...variant, method, omitted: [] }));
  // Some are equal: without a device endpoint, without scopes, or if the redirect URI is not a loopback address.
  return [...new Map(variants.map((variant) => [JSON.stringify(variant), variant])).values()];
}

async function requestVariant(
  { metadata, variant, initialAccessToken }: RegistrationRequest & { variant: RegistrationVariant },
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<ClientInformation> {
  try {
    const options = { ...createRequestOptions(metadata, context), ...(initialAccessToken && { initialAccessToken }) };
    const response = await dynamicClientRegistrationRequest(metadata, createRequestBody(variant), options);
    const answer = await processDynamicClientRegistrationResponse(await normaliseResponse(response, { normalisations, status: 201 }));
    const members = storedMembers.filter((name) => answer[name] !== undefined).map((name) => [name, answer[name]]);
    return { ...Object.fromEntries(members), obtained_by: 'dynamic_registration' } as ClientInformation;
  } catch (error) {
    throw toProtocolError(error, `The registration endpoint of ${metadata.issuer}`, [initialAccessToken]);
  }
}

function createRequestBody({ redirectUri, grantTypes, scopes, method, omitted }: RegistrationVariant) {
  const optional = {
    // OpenID Connect Dynamic Client Registration section 2: an https redirect URI, as that of a relay, is of a web client.
    application_type: redirectUri.startsWith('https:') ? 'web' : 'native',
    grant_types: [...grantTypes],
    response_types: ['code'],
    token_endpoint_auth_method: method,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
  const members = { client_name: 'mcp-auth', ...(grantTypes.length > 0 && optional) };
  return { redirect_uris: [redirectUri], ...Object.fromEntries(Object.entries(members).filter(([name]) => !omitted.includes(name))) };
}

/**
 * Check that the registration can be used, which would otherwise fail only after the user has approved. Also sets the
 * authentication method: a refresh knows only the client, not the metadata.
 *
 * @throws AuthError `client_unusable`.
 */
function checkClient(
  client: ClientInformation,
  { variant, ...request }: RegistrationRequest & { variant: RegistrationVariant },
): ClientInformation {
  const { metadata } = request;
  const { redirectUri, grantTypes } = variant;
  const createUnusableError = (why: string) =>
    new AuthError('client_unusable', `The registration at ${metadata.issuer} cannot be used: ${why}.`);
  const registered = findRegisteredRedirectUri(redirectUri, client.redirect_uris);
  if (registered === undefined) {
    throw createUnusableError(`it is for the redirect URIs ${quote(client.redirect_uris)} and not for ${redirectUri}`);
  }
  const method = chooseRegisteredMethod(client, { metadata, variant });
  const needsCertificate = method.endsWith('tls_client_auth');
  const canUse = needsCertificate ? request.hasCertificate : canAuthenticate({ ...client, token_endpoint_auth_method: method }, metadata);
  if (!canUse) throw createUnusableError(`the client must authenticate by ${quote(method)} but has no secret, key or certificate for it`);
  const granted = client.grant_types ?? (grantTypes.length > 0 ? [...grantTypes] : undefined);
  const refused = (listVariants(request)[0]?.grantTypes ?? []).filter((grant) => granted?.includes(grant) === false);
  return {
    ...client,
    redirect_uris: [registered],
    ...(granted && { grant_types: granted }),
    token_endpoint_auth_method: method,
    ...(refused.length > 0 && { refused_grant_types: refused }),
  };
}

/** The method in the response; otherwise the requested one if the response contains a secret, because some servers leave the method out. */
function chooseRegisteredMethod(
  client: ClientInformation,
  { metadata, variant }: { metadata: AuthorizationServerMetadata; variant: RegistrationVariant },
): string {
  const { method, grantTypes, omitted } = variant;
  const isRequested = grantTypes.length > 0 && !omitted.includes('token_endpoint_auth_method') && method.startsWith('client_secret_');
  if (client.token_endpoint_auth_method === undefined && client.client_secret !== undefined && isRequested) return method;
  return chooseAuthenticationMethod(client, metadata);
}

function createRefusedError(error: OAuthError | undefined, { issuer }: AuthorizationServerMetadata): AuthError {
  if (error === undefined) return new AuthError('registration_refused', `${issuer} refused to register a client.`);
  if (error.code === 'server_failed') {
    if (error.description === undefined) return error;
    const hint = `${error.hint ?? ''} If it keeps failing, register a client there by hand and pass --client-id ID.`.trim();
    return new AuthError('server_failed', error.message, { hint, cause: error });
  }
  const vendorHint = findVendor(issuer)?.needs.registration?.value;
  const hint = `${new URL(issuer).host} may accept only clients that it knows: pass --client-id ID, or set MCP_AUTH_REGISTRATION_TOKEN and pass --issuer ${quoteShellWord(issuer)}`;
  return new AuthError('registration_refused', error.message, { hint: vendorHint ?? hint, cause: error });
}

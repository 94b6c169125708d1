/** Dynamic client registration: RFC 7591, with `application_type` of OpenID Connect Dynamic Client Registration 1.0. */
import type { ClientInformation } from './client-information.js';
import { dynamicClientRegistrationRequest, processDynamicClientRegistrationResponse } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { quoteShellWord } from '../text/command-line.js';
import { AuthError, hasCode } from '../errors.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { canAuthenticate, chooseAuthenticationMethod, chooseMethodToRegister } from './client-authentication.js';
import { findRegisteredRedirectUri } from './redirect-uri.js';
import { normaliseResponse, registrationNormalisations } from './normalisation.js';
import { OAuthError, toProtocolError } from './protocol-error.js';
import { createRequestOptions } from './request-options.js';
import { findVendor } from './vendors/index.js';

/** RFC 6749 errors that say that a registration of before is forgotten, or lacks what is asked for now. */
export const outdatedRegistrationErrors: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client', 'invalid_scope']);

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** The members of a registration answer that are worth keeping, and none beside them. */
const kept = [
  'client_id',
  'client_secret',
  'client_secret_expires_at',
  'client_id_issued_at',
  'token_endpoint_auth_method',
  'grant_types',
  'redirect_uris',
  'scope',
] as const satisfies (keyof ClientInformation)[];

/** What is asked for in one registration. */
interface Wish {
  readonly redirectUri: string;
  /** None to leave all to the server but where to answer to. */
  readonly grantTypes: readonly string[];
  readonly scopes: readonly string[];
  readonly method: string;
  /** Members that the server has refused by name. */
  readonly without: readonly string[];
}

export interface RegistrationRequest {
  readonly metadata: AuthorizationServerMetadata;
  /** Where the authorization response is to go; a native application's loopback address. */
  readonly redirectUri: string;
  /** What the client may come to ask for: some servers hold it to these (RFC 7591 section 2). */
  readonly scopes: readonly string[];
  /** How the client is to prove itself, where the person has said that. */
  readonly method?: string | undefined;
  /** Whether there is a TLS client certificate to prove itself with (RFC 8705). */
  readonly hasCertificate?: boolean | undefined;
  /** RFC 7591 section 3: sent only to a server that refuses to register us without. */
  readonly initialAccessToken?: string;
}

/** HTTP statuses after which it is of no use to ask for less. */
const hopeless: ReadonlySet<number | undefined> = new Set([401, 404, 405, 429]);

/**
 * Registers this program with an authorization server. Only grants that the server offers are asked for. A registration
 * that is refused is tried again with what servers are known to refuse left out: the device grant, scopes, a loopback
 * address that is not called `localhost`, and at last all that is optional. The initial access token is for servers that
 * want one, and is not handed to any other.
 *
 * @throws AuthError `registration_refused` with the server's first reason, `client_unusable`.
 */
export async function requestRegistration(
  request: RegistrationRequest,
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<ClientInformation> {
  const { initialAccessToken, ...bare } = request;
  try {
    return await requestBest(bare, context);
  } catch (error) {
    const wanted =
      hasCode(error, 'registration_refused') && error.cause instanceof OAuthError && [401, 403].includes(error.cause.status ?? 0);
    if (initialAccessToken === undefined || !wanted) throw error;
    return requestBest(request, context);
  }
}

/** Asks for all, and then for less. */
async function requestBest(request: RegistrationRequest, context: Pick<Effects, 'http' | 'signal'>): Promise<ClientInformation> {
  let left = wishes(request);
  let refusal: OAuthError | undefined;
  let tries = 0;
  for (let wish = left.shift(); wish !== undefined; wish = left.shift()) {
    try {
      return checked(await requestOnce({ ...request, wish }, context), { ...request, wish });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      refusal ??= error;
      if (hopeless.has(error.status) || error.code === 'server_failed') break;
      const { redirectUri } = wish;
      if (/redirect/i.test(`${error.error} ${error.description ?? ''}`)) left = left.filter((one) => one.redirectUri !== redirectUri);
      tries += 1;
      if (tries === mostTries) break;
      left = [...withoutWhatIsNamed(wish, error, request), ...left];
    }
  }
  throw refused(refusal, request.metadata);
}

/** Registrations that are asked for before the server is believed. */
const mostTries = 10;

/** Members that a registration can do without, and may be refused for by name. */
const droppable = ['application_type', 'response_types', 'grant_types', 'scope', 'token_endpoint_auth_method', 'client_name'];

/** The same wish in the way that a refusal asks for: the method that is offered, or without the member that it names. */
function withoutWhatIsNamed(wish: Wish, { description = '' }: OAuthError, { metadata, method }: RegistrationRequest): Wish[] {
  const isNamed = (member: string) => new RegExp(`\\b${member.replaceAll('_', '[ _-]?')}\\b`, 'i').test(description);
  const named = droppable.filter((member) => isNamed(member) && !wish.without.includes(member));
  if (named.length === 0) return [];
  const offered = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_post', 'client_secret_basic'];
  const other = offered.find((one) => one !== wish.method && /^(none|client_secret_(post|basic))$/.test(one));
  const isMethod = named.length === 1 && named[0] === 'token_endpoint_auth_method' && method === undefined;
  const without = { ...wish, without: [...wish.without, ...named] };
  // Told that the method will not do, a server has another one: left out, it is the RFC's default.
  return isMethod && other !== undefined
    ? [{ ...without, without: [...wish.without, 'token_endpoint_auth_method (as asked)'], method: other }, without]
    : [without];
}

/** Whether a registration that the store holds can be used again, at `now` (milliseconds since the epoch). */
export function isUsableRegistration(
  client: ClientInformation,
  { metadata, now }: { metadata: AuthorizationServerMetadata; now: number },
): boolean {
  const expires = client.client_secret_expires_at ?? 0;
  if (expires !== 0 && expires * 1000 <= now) return false;
  return client.redirect_uris?.[0] !== undefined && canAuthenticate(client, metadata);
}

/** Whether the registration lets the client use a grant. An answer without `grant_types` leaves it open. */
export function hasGrant(client: ClientInformation, grantType: string): boolean {
  return client.grant_types?.includes(grantType) ?? true;
}

/** Whether a new registration may get what this one lacks: a grant that it did not ask for. */
export function canRegisterForGrant(client: ClientInformation, grantType: string): boolean {
  return client.obtained_by === 'dynamic_registration' && !hasGrant(client, grantType) && !client.refused_grant_types?.includes(grantType);
}

/** What to ask for, the best first. */
function wishes({
  metadata,
  redirectUri,
  scopes,
  method = chooseMethodToRegister(metadata),
}: Omit<RegistrationRequest, 'initialAccessToken'>): Wish[] {
  const { grant_types_supported: supported, device_authorization_endpoint: device } = metadata;
  const offered = (grant: string) => supported?.includes(grant) ?? true;
  // A server with an authorization endpoint does this one, whatever its list says.
  const usual = ['authorization_code', ...['refresh_token'].filter(offered)];
  const withDevice = device !== undefined && offered(deviceCodeGrant) ? [...usual, deviceCodeGrant] : usual;
  const localhost = redirectUri.replace(/^http:\/\/(127\.0\.0\.1|\[::1\])(?=[:/])/, 'http://localhost');
  const all = [
    { redirectUri, grantTypes: withDevice, scopes },
    { redirectUri, grantTypes: usual, scopes },
    { redirectUri, grantTypes: withDevice, scopes: [] },
    { redirectUri, grantTypes: usual, scopes: [] },
    { redirectUri: localhost, grantTypes: withDevice, scopes },
    { redirectUri: localhost, grantTypes: usual, scopes: [] },
    { redirectUri, grantTypes: [], scopes: [] },
    { redirectUri: localhost, grantTypes: [], scopes: [] },
  ];
  const different = all.filter((wish, index) => !all.slice(0, index).some((other) => JSON.stringify(other) === JSON.stringify(wish)));
  return different.map((wish) => ({ ...wish, method, without: [] }));
}

async function requestOnce(
  { metadata, wish, initialAccessToken }: RegistrationRequest & { wish: Wish },
  context: Pick<Effects, 'http' | 'signal'>,
): Promise<ClientInformation> {
  const { redirectUri, grantTypes, scopes, method, without } = wish;
  const optional = {
    application_type: 'native',
    grant_types: [...grantTypes],
    response_types: ['code'],
    token_endpoint_auth_method: method,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
  const all = { client_name: 'mcp-auth', ...(grantTypes.length > 0 && optional) };
  const members = Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
  try {
    const response = await dynamicClientRegistrationRequest(
      metadata,
      { redirect_uris: [redirectUri], ...members },
      { ...createRequestOptions(metadata, context), ...(initialAccessToken && { initialAccessToken }) },
    );
    const answer = await processDynamicClientRegistrationResponse(
      await normaliseResponse(response, { mends: registrationNormalisations, status: 201 }),
    );
    const client = Object.fromEntries(kept.flatMap((key) => (answer[key] === undefined ? [] : [[key, answer[key]]])));
    return { ...client, obtained_by: 'dynamic_registration' } as ClientInformation;
  } catch (error) {
    throw toProtocolError(error, `The registration endpoint of ${metadata.issuer}`, [initialAccessToken]);
  }
}

/**
 * Finds out now what would otherwise fail after the person has approved. The method of authentication is settled here:
 * a refresh knows the registration, and the metadata no more.
 */
function checked(client: ClientInformation, { wish, ...request }: RegistrationRequest & { wish: Wish }): ClientInformation {
  const { metadata } = request;
  const { redirectUri, grantTypes } = wish;
  const unusable = (why: string) =>
    new AuthError('client_unusable', `The registration that ${metadata.issuer} gave cannot be used: ${why}.`);
  const registered = findRegisteredRedirectUri(redirectUri, client.redirect_uris);
  if (registered === undefined) throw unusable(`it is for the redirect URIs ${quote(client.redirect_uris)} and not for ${redirectUri}`);
  const method = methodOf(client, { ...request, wish });
  const takesCertificate = method.endsWith('tls_client_auth');
  if (takesCertificate ? !request.hasCertificate : !canAuthenticate({ ...client, token_endpoint_auth_method: method }, metadata)) {
    throw unusable(`the client must authenticate by ${quote(method)} and was not given what that takes`);
  }
  const granted = client.grant_types ?? (grantTypes.length > 0 ? [...grantTypes] : undefined);
  const inVain = (wishes(request)[0]?.grantTypes ?? []).filter((grant) => granted?.includes(grant) === false);
  return {
    ...client,
    redirect_uris: [registered],
    ...(granted && { grant_types: granted }),
    token_endpoint_auth_method: method,
    ...(inVain.length > 0 && { refused_grant_types: inVain }),
  };
}

/** The method that the answer names; else the one that was asked for, if it comes with a secret: servers leave it out. */
function methodOf(client: ClientInformation, { metadata, wish }: RegistrationRequest & { wish: Wish }): string {
  const wasAsked =
    !wish.without.includes('token_endpoint_auth_method') && wish.grantTypes.length > 0 && wish.method.startsWith('client_secret_');
  if (client.token_endpoint_auth_method === undefined && client.client_secret !== undefined && wasAsked) return wish.method;
  return chooseAuthenticationMethod(client, metadata);
}

function refused(error: OAuthError | undefined, { issuer }: AuthorizationServerMetadata): AuthError {
  if (error?.code === 'server_failed' && error.description !== undefined) {
    return new AuthError('server_failed', error.message, {
      hint: `${error.hint ?? ''} If it stays so, register a client there by hand and pass --client-id ID.`.trim(),
      cause: error,
    });
  }
  if (error === undefined || error.code === 'server_failed')
    return error ?? new AuthError('registration_refused', `${issuer} refused to register a client.`);
  return new AuthError('registration_refused', error.message, {
    hint:
      findVendor(issuer)?.needs.registration?.value ??
      `${new URL(issuer).host} may only take clients that it knows: pass --client-id ID, or set MCP_AUTH_REGISTRATION_TOKEN and pass --issuer ${quoteShellWord(issuer)}`,
    cause: error,
  });
}

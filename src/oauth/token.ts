/** The token endpoint: RFC 6749 section 5 (responses) and section 6 (refreshing). */
import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import { isObject } from '../text/json.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication, type AcceptedAuthentication } from './client-authentication.js';
import { retryWithNonce, type Dpop } from './dpop.js';
import { normaliseResponse, tokenNormalisations as normalisations } from './normalisation.js';
import { definedParameters } from './parameters.js';
import { toProtocolError } from './protocol-error.js';
import type { ClientInformation } from './client-information.js';
import { createRequestOptions } from './request-options.js';
import { isSameResource } from './resource.js';
import { retryWithChangedParameters } from './parameter-retry.js';

/** The response of RFC 6749 section 5.1, with the expiry as an absolute time. */
export interface TokenResponse {
  accessToken: string;
  /** RFC 9449: `dpop` for a token that is bound to the key of the request. */
  tokenType: 'bearer' | 'dpop';
  /** When the response arrived, in seconds since the epoch. */
  issuedAtSeconds: number;
  /** Seconds since the epoch; absent if the server did not say. */
  expiresAtSeconds?: number;
  refreshToken?: string;
  /** The granted scope; absent if the server did not say, which means the requested scope. */
  scope?: string;
  /** The client authentication that the server accepted, to be stored with the client. */
  acceptedAuthentication?: AcceptedAuthentication;
}

/** The members of the metadata that a refresh needs. The store keeps some of them with a login. */
export type TokenServer = Pick<
  AuthorizationServerMetadata,
  'issuer' | 'token_endpoint' | 'token_endpoint_auth_methods_supported' | 'token_endpoint_auth_signing_alg_values_supported'
>;

/** The authorization server and the client of a token request, for every grant. */
export interface TokenRequestParties {
  readonly metadata: TokenServer;
  readonly client: ClientInformation;
  /** The key to bind the token to, if the resource requires that. */
  readonly dpop?: Dpop;
}

/** The effects that a token request needs. */
export type TokenContext = Pick<Effects, 'http' | 'clock' | 'signal' | 'files'>;

/** The characters of a token in a header (RFC 6750 section 2.1): visible ASCII. Others could end the header early. */
const visibleAscii = /^[\x21-\x7e]+$/;

export interface RefreshRequest extends TokenRequestParties {
  readonly refreshToken: string;
  /** RFC 8707; undefined for an authorization server that rejects it. */
  readonly resource: string | undefined;
  /** The granted scope of the login. It is also sent if the server turns out to require it. */
  readonly scope: string | undefined;
  /** Whether to send the scope with the first request. */
  readonly isScopeNamed: boolean;
}

/**
 * Milliseconds for a refresh: a response that is given up takes the new refresh token with it. TCP delivers one up to half a minute after
 * a network that was away for 20 seconds is back.
 */
const refreshTimeout = 60_000;

/**
 * Refresh an access token (RFC 6749 section 6), for the same resource (RFC 8707 section 2.2).
 *
 * @throws AuthError `invalid_grant` if the refresh token is no longer valid; `server_failed`, `network_error` and others if it may
 * still be; RotatedRefreshTokenError if the response contains a new refresh token but cannot be used.
 */
export async function requestRefresh(
  { refreshToken, resource, scope, isScopeNamed, ...parties }: RefreshRequest,
  context: TokenContext,
): Promise<TokenResponse> {
  const parameters = definedParameters({ refresh_token: refreshToken, resource, scope: isScopeNamed ? scope : undefined });
  return retryWithChangedParameters({ parameters, granted: { scope }, isFirstToken: false, throws: 'last error' }, (changed) =>
    requestToken({ ...parties, grantType: 'refresh_token', parameters: changed }, context),
  );
}

/**
 * Send one request to the token endpoint, for any grant.
 *
 * @param parameters the parameters of the grant, without `grant_type` and client authentication.
 * @throws OAuthError with the server's `error`; AuthError `response_invalid`; RotatedRefreshTokenError.
 */
export async function requestToken(
  {
    metadata,
    client,
    dpop,
    grantType,
    parameters,
  }: TokenRequestParties & { grantType: string; parameters: Readonly<Record<string, string>> },
  context: TokenContext,
): Promise<TokenResponse> {
  const clientId = { client_id: client.client_id };
  const secrets = listSecrets({ ...parameters, client_secret: client.client_secret });
  const { answer, accepted } = await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      return await retryWithNonce(dpop, async () => {
        const options = {
          ...createRequestOptions(metadata, context, grantType === 'refresh_token' ? refreshTimeout : undefined),
          ...(dpop && { DPoP: dpop.handle }),
        };
        const response = await genericTokenEndpointRequest(metadata, clientId, authentication, grantType, parameters, options);
        return parseResponse(response, {
          metadata,
          clientId,
          isDpop: dpop !== undefined,
          resource: parameters['resource'],
          usedRefreshToken: parameters['refresh_token'],
          now: context.clock.now(),
        });
      });
    } catch (error) {
      throw toProtocolError(error, `The token endpoint of ${metadata.issuer}`, secrets);
    }
  });
  return { ...answer, acceptedAuthentication: accepted };
}

/** Secret parameters of requests to an authorization server. */
const secretParameters = ['client_secret', 'code', 'code_verifier', 'refresh_token', 'device_code', 'assertion', 'subject_token', 'token'];

function listSecrets(parameters: Readonly<Record<string, string | undefined>>): (string | undefined)[] {
  return secretParameters.map((name) => parameters[name]);
}

/** Whether a response names resources (RFC 8707) and the requested one is not among them. Most responses name none. */
function isForOtherResource(named: unknown, requested: string | undefined): boolean {
  const resources = (Array.isArray(named) ? named : [named]).filter((one) => typeof one === 'string').filter((one) => URL.canParse(one));
  return requested !== undefined && resources.length > 0 && !resources.some((one) => isSameResource(one, requested));
}

/** The request that a response is checked against. */
interface ExpectedResponse {
  readonly metadata: TokenServer;
  readonly clientId: { readonly client_id: string };
  /** Whether the request had a DPoP proof. */
  readonly isDpop: boolean;
  readonly resource: string | undefined;
  /** The refresh token that was sent. It is no longer valid if the response contains another one. */
  readonly usedRefreshToken: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A response to a refresh that cannot be used but contains a new refresh token, which must be stored: the old one is no longer valid. */
export class RotatedRefreshTokenError extends AuthError {
  readonly refreshToken: string;

  constructor(error: AuthError, refreshToken: string) {
    super(error.code, error.message, { hint: error.hint });
    this.refreshToken = refreshToken;
  }
}

async function parseResponse(response: Response, expected: ExpectedResponse): Promise<TokenResponse> {
  const { usedRefreshToken, metadata } = expected;
  const normalised = await normaliseResponse(response, { normalisations, status: 200 });
  // Read before the checks, which may fail: the new refresh token must not be lost.
  const newRefreshToken = usedRefreshToken === undefined ? undefined : await readRefreshToken(normalised);
  try {
    return await parseTokens(normalised, expected);
  } catch (error) {
    if (newRefreshToken === undefined || newRefreshToken === usedRefreshToken) throw error;
    throw new RotatedRefreshTokenError(
      toProtocolError(error, `The token endpoint of ${metadata.issuer}`, [newRefreshToken]),
      newRefreshToken,
    );
  }
}

/** The refresh token of a success, without any other check. */
async function readRefreshToken(response: Response): Promise<string | undefined> {
  if (!response.ok) return undefined;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return isObject(body) && typeof body['refresh_token'] === 'string' ? body['refresh_token'] : undefined;
}

async function parseTokens(response: Response, { metadata, clientId, isDpop, resource, now }: ExpectedResponse): Promise<TokenResponse> {
  const answer = await processGenericTokenEndpointResponse(metadata, clientId, response);
  const createError = (what: string) => new AuthError('response_invalid', `The token endpoint of ${metadata.issuer} issued ${what}.`);
  const tokenType = answer.token_type as string;
  if (tokenType !== 'bearer' && tokenType !== 'dpop') throw createError('a token of a type that was not requested');
  if (tokenType === 'dpop' && !isDpop) throw createError('a DPoP-bound token, which was not requested');
  if (isForOtherResource(answer['resource'], resource))
    throw createError(`a token for ${quote(answer['resource'])} and not for ${resource}`);
  if (!visibleAscii.test(answer.access_token)) throw createError('an access token that cannot be sent in a header');
  const issuedAtSeconds = Math.floor(now / 1000);
  return {
    accessToken: answer.access_token,
    tokenType,
    issuedAtSeconds,
    ...(answer.expires_in !== undefined && { expiresAtSeconds: issuedAtSeconds + Math.floor(answer.expires_in) }),
    ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
    ...(answer.scope !== undefined && { scope: answer.scope }),
  };
}

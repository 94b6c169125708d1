/** The token endpoint: RFC 6749 section 5 (its answers) and section 6 (refreshing). */
import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication, type AcceptedAuthentication } from './client-authentication.js';
import { retryWithNonce, type Dpop } from './dpop.js';
import { normaliseResponse, tokenNormalisations } from './normalisation.js';
import { toProtocolError } from './protocol-error.js';
import type { ClientInformation } from './client-information.js';
import { createRequestOptions } from './request-options.js';
import { retryWithChangedParameters } from './parameter-retry.js';

/** RFC 6749 section 5.1, with the expiry as an absolute time. */
export interface TokenResponse {
  accessToken: string;
  /** RFC 9449: `dpop` for a token that is bound to the key of the request. */
  tokenType: 'bearer' | 'dpop';
  /** Seconds since the epoch when the answer came. */
  issuedAtSeconds: number;
  /** Seconds since the epoch; absent when the server did not say. */
  expiresAtSeconds?: number;
  refreshToken?: string;
  /** What was granted; absent when the server did not say, which means what was asked for. */
  scope?: string;
  /** How the client has proved itself, to be kept with it. */
  acceptedAuthentication?: AcceptedAuthentication;
}

/** The part of the metadata that a refresh needs, which the store keeps with a login. */
export type TokenServer = Pick<
  AuthorizationServerMetadata,
  'issuer' | 'token_endpoint' | 'token_endpoint_auth_methods_supported' | 'token_endpoint_auth_signing_alg_values_supported'
>;

/** Who asks whom, for every grant. */
export interface TokenRequestParties {
  readonly metadata: TokenServer;
  readonly client: ClientInformation;
  /** The key to bind the token to, where the resource wants that. */
  readonly dpop?: Dpop;
}

/** What a token request may use of the world. */
export type TokenContext = Pick<Effects, 'http' | 'clock' | 'signal' | 'files'>;

/** A token as RFC 6750 lets it stand in a header: visible ASCII. Anything else could end the header early. */
const visible = /^[\x21-\x7e]+$/;

/** What a refresh names beside the refresh token. */
export interface RefreshRequest extends TokenRequestParties {
  readonly refreshToken: string;
  /** RFC 8707; undefined for an authorization server that refuses it. */
  readonly resource: string | undefined;
  /** The scopes that the login has, and whether to name them: a server that wants them without being known to is told on its refusal. */
  readonly scope: string | undefined;
  readonly isScopeNamed: boolean;
}

/**
 * Renews an access token (RFC 6749 section 6), for the same resource (RFC 8707 section 2.2).
 *
 * @throws AuthError `invalid_grant` when the refresh token is spent, `server_failed`, `network_error` and the like when
 * nothing is known about it.
 */
export async function requestRefresh(
  { refreshToken, resource, scope, isScopeNamed, ...endpoint }: RefreshRequest,
  context: TokenContext,
): Promise<TokenResponse> {
  const parameters = {
    refresh_token: refreshToken,
    ...(resource !== undefined && { resource }),
    ...(isScopeNamed && scope !== undefined && { scope }),
  };
  return retryWithChangedParameters({ parameters, granted: { scope }, isFirstToken: false, isLastTold: true }, (asked) =>
    requestToken({ ...endpoint, grantType: 'refresh_token', parameters: asked }, context),
  );
}

/**
 * One request to the token endpoint, whatever the grant.
 *
 * @param parameters what the grant's RFC names, without `grant_type` and what authenticates the client.
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
  const what = `The token endpoint of ${metadata.issuer}`;
  const secrets = secretsIn({ ...parameters, client_secret: client.client_secret });
  const { answer, proven } = await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      return await retryWithNonce(dpop, async () => {
        const options = { ...createRequestOptions(metadata, context), ...(dpop && { DPoP: dpop.handle }) };
        const response = await genericTokenEndpointRequest(metadata, clientId, authentication, grantType, parameters, options);
        const bound = dpop !== undefined;
        const asked = { metadata, clientId, bound, resource: parameters['resource'], spent: parameters['refresh_token'] };
        return parseTokenResponse(response, { ...asked, now: context.clock.now() });
      });
    } catch (error) {
      throw toProtocolError(error, what, secrets);
    }
  });
  return { ...answer, acceptedAuthentication: proven };
}

/** Parameters of requests to an authorization server that nobody else may see. */
const secretParameters = ['client_secret', 'code', 'code_verifier', 'refresh_token', 'device_code', 'assertion', 'subject_token', 'token'];

/** The values of a request that must not be told. */
function secretsIn(parameters: Readonly<Record<string, string | undefined>>): (string | undefined)[] {
  return secretParameters.map((name) => parameters[name]);
}

/** Whether an answer names resources (RFC 8707), and none of them is the one that was asked for. Most say nothing. */
function isForAnother(named: unknown, asked: string | undefined): boolean {
  const bare = (url: string) => new URL(url).href.replace(/\/$/, '');
  const all = (Array.isArray(named) ? named : [named]).filter((one) => typeof one === 'string' && URL.canParse(one));
  return asked !== undefined && all.length > 0 && !all.some((one) => bare(String(one)) === bare(asked));
}

interface Asked {
  readonly metadata: TokenServer;
  readonly clientId: { readonly client_id: string };
  readonly bound: boolean;
  readonly resource: string | undefined;
  /** The refresh token that was sent, which is worth nothing any more where another one comes back. */
  readonly spent: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An answer to a refresh that cannot be used, with the refresh token that has come in it, which is all that is left of the login. */
export class RotatedRefreshTokenError extends AuthError {
  readonly refreshToken: string;

  constructor(error: AuthError, refreshToken: string) {
    super(error.code, error.message, { hint: error.hint });
    this.refreshToken = refreshToken;
  }
}

async function parseTokenResponse(response: Response, asked: Asked): Promise<TokenResponse> {
  const answer = await normaliseResponse(response, { mends: tokenNormalisations, status: 200 });
  // It is read twice where the refresh token in it must not be lost, whatever else is wrong.
  const body =
    asked.spent === undefined || !answer.ok
      ? {}
      : ((await answer
          .clone()
          .json()
          .catch(() => ({}))) as Record<string, unknown>);
  try {
    return await parseMended(answer, asked);
  } catch (error) {
    const { refresh_token: rotated } = body;
    if (typeof rotated !== 'string' || rotated === asked.spent) throw error;
    throw new RotatedRefreshTokenError(toProtocolError(error, `The token endpoint of ${asked.metadata.issuer}`, [rotated]), rotated);
  }
}

async function parseMended(response: Response, { metadata, clientId, bound, resource, now }: Asked): Promise<TokenResponse> {
  const answer = await processGenericTokenEndpointResponse(metadata, clientId, response);
  const unfit = (what: string) => new AuthError('response_invalid', `The token endpoint of ${metadata.issuer} gave ${what}.`);
  const tokenType = answer.token_type as string;
  if (tokenType !== 'bearer' && tokenType !== 'dpop') throw unfit('a token of a type that it was not asked for');
  if (tokenType === 'dpop' && !bound) throw unfit('a token that is bound to a key, which was not asked for');
  if (isForAnother(answer['resource'], resource)) throw unfit(`a token for ${quote(answer['resource'])}, and not for ${resource}`);
  if (!visible.test(answer.access_token)) throw unfit('an access token that cannot stand in a header');
  const issuedAt = Math.floor(now / 1000);
  return {
    accessToken: answer.access_token,
    tokenType,
    issuedAtSeconds: issuedAt,
    ...(answer.expires_in !== undefined && { expiresAtSeconds: issuedAt + Math.floor(answer.expires_in) }),
    ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
    ...(answer.scope !== undefined && { scope: answer.scope }),
  };
}

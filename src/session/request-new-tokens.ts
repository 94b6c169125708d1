/** The requests for new tokens for a stored login: a refresh, or the unattended flow that it was obtained by. */
import type { Effects } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import type { Flow, FlowCredentials, FlowRequest } from '../flows/flow.js';
import { findUnattendedFlow } from '../flows/index.js';
import { chooseResource, findDialect, type Dialect } from '../oauth/dialect.js';
import { collectOwnAddresses } from '../oauth/endpoints.js';
import { rejectsRefreshToken } from '../oauth/error-response.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { requestRefresh, type TokenRequestParties, type TokenResponse } from '../oauth/token.js';
import { findClient } from '../store/clients.js';
import { findServer } from '../store/document.js';
import type { Login } from '../store/login.js';
import { readSettings } from '../store/settings.js';
import { formatCommand } from '../text/command-line.js';
import { createLoginNeededError } from './login-needed.js';
import type { LoginInDocument } from './token-server.js';

interface NewTokensRequest extends LoginInDocument {
  readonly endpoint: TokenRequestParties;
}

/**
 * Requests new tokens with the refresh token. Without one, or if it is rejected, with the unattended flow.
 *
 * @throws AuthError `invalid_grant` if the refresh token is rejected, `login_needed` if there is no other way to new tokens, and
 * as `requestRefresh` and the flow do.
 */
export async function requestNewTokens({ endpoint, ...stored }: NewTokensRequest, effects: Effects): Promise<TokenResponse> {
  const { name, login, document } = stored;
  const dialect = findDialect(endpoint.metadata.issuer, readSettings(findServer(document, name)));
  const flow = findUnattendedFlow(login.flow);
  const { refreshToken } = login;
  if (refreshToken !== undefined) {
    try {
      return await requestRefresh({ ...endpoint, refreshToken, ...createRefreshParameters(login, dialect) }, effects);
    } catch (error) {
      const problem = error instanceof OAuthError ? classify(error, name) : error;
      if (!hasCode(problem, 'invalid_grant') || flow === undefined) throw problem;
    }
  }
  if (flow === undefined) throw createLoginNeededError(name, `The login to ${name} has no refresh token`);
  return runAgain(flow, { endpoint, dialect, ...stored }, effects);
}

function createRefreshParameters(login: Login, { resource, scopeAtRefresh }: Dialect) {
  const scope = login.scope ?? login.requestedScope;
  return { resource: resource === 'none' ? undefined : login.resource, scope, isScopeNamed: scopeAtRefresh };
}

/** Runs an unattended flow again, with the parameters that the store has. */
async function runAgain(
  flow: Flow,
  { endpoint, dialect, name, login, document }: NewTokensRequest & { readonly dialect: Dialect },
  effects: Effects,
): Promise<TokenResponse> {
  const { metadata } = endpoint;
  const credentials = readCredentials({ name, login, document });
  const conditions = { metadata, dialect, browserWanted: false, inTwoSteps: false, credentials, env: effects.env };
  const problem = flow.unavailable(conditions);
  if (problem !== undefined) throw createLoginNeededError(name, `The token of ${name} cannot be renewed: ${problem}`);
  const url = String(findServer(document, name)?.url);
  const request: FlowRequest = {
    ...endpoint,
    dialect,
    serverName: name,
    serverHost: URL.canParse(url) ? new URL(url).host : name,
    isClientReused: false,
    redirectUri: '',
    ownAddresses: collectOwnAddresses({ issuer: login.issuer ?? '' }),
    resource: chooseResource(dialect, login.resource ?? url),
    extraParameters: dialect.authorizeParameters,
    scope: login.requestedScope,
    credentials,
  };
  const { tokens } = await flow.run(request, effects);
  return tokens;
}

function readCredentials({ login, document }: LoginInDocument): FlowCredentials {
  const { workloadTokenFile, idTokenFile, identityProvider, identityProviderClientId: id } = login;
  const client = id === undefined ? undefined : (findClient(document, identityProvider, id) ?? { client_id: id });
  return { workloadTokenFile, idTokenFile, identityProvider, identityProviderClient: client, isIssuerKnown: true };
}

/**
 * An error response to a refresh, by what it means for the login: `invalid_grant` if the refresh token is rejected, `login_needed`
 * if only a login can help.
 */
function classify(error: OAuthError, name: string): AuthError {
  if (rejectsRefreshToken(error)) return new AuthError('invalid_grant', error.message, { cause: error });
  // It may be an outage: the login stays in the store, and the user decides.
  if (error.error === 'invalid_client' || error.code === 'invalid_grant') {
    return createLoginNeededError(name, error.message.replace(/\.$/, ''));
  }
  if (error.code !== 'request_refused') return error;
  return new AuthError(error.code, error.message, {
    hint: error.hint ?? `Try again. If that does not help, run: ${formatCommand`mcp-auth login ${name}`}`,
    cause: error,
  });
}

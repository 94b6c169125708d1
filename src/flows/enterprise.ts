import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import { requestAuthorizationServer } from '../oauth/authorization-server.js';
import { identityAssertionProfile, requestIdentityAssertion } from '../oauth/identity-assertion.js';
import { jwtBearerGrant, requestTokenByAssertion } from '../oauth/jwt-bearer.js';
import { checkJwt, parseClaims } from '../oauth/jwt.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { quote } from '../text/server-text.js';
import type { Flow, FlowCredentials } from './flow.js';

/**
 * Enterprise-managed authorization: MCP extension, Identity Assertion JWT Authorization Grant. The identity provider of the
 * company has logged the user in already, and issues an assertion for the authorization server of the MCP server.
 */
export const enterprise: Flow = {
  name: 'enterprise',
  summary: 'Log in with an ID token of your company’s identity provider',
  grantType: jwtBearerGrant,
  client: 'registered',
  unattended: true,
  canRunAgain: ({ idTokenFile }) => idTokenFile !== undefined,
  unavailable: ({ metadata, credentials: { idToken, idTokenFile } }) => {
    if (idToken === undefined && idTokenFile === undefined) return 'it needs --id-token-file FILE or --id-token-stdin';
    const profiles = metadata['authorization_grant_profiles_supported'];
    const isSupported = !Array.isArray(profiles) || profiles.includes(identityAssertionProfile);
    return isSupported ? undefined : 'the authorization server does not support identity assertions';
  },
  run: async (request, effects) => {
    const { metadata, resource, scope, credentials } = request;
    const idToken = await readIdToken(credentials, effects);
    const { issuer, client } = chooseIdentityProvider(idToken, credentials);
    // The user's own token names the identity provider, not the MCP server, so it may be in any network.
    const anyNetwork = { ...effects, http: effects.http.withAllowedNetwork('loopback') };
    const provider = await requestAuthorizationServer({ issuer }, anyNetwork);
    if (provider === undefined) throw new AuthError('no_authorization_server', `The identity provider ${issuer} has no metadata.`);
    const assertion = await requestIdentityAssertion(
      { metadata: provider, client, idToken, audience: metadata.issuer, resource, scope },
      anyNetwork,
    );
    const tokens = await requestTokenByAssertion({ ...request, assertion }, effects);
    const { client_id, client_secret } = client;
    return { tokens, credentials: { ...credentials, identityProvider: issuer, identityProviderClient: { client_id, client_secret } } };
  },
};

async function readIdToken({ idToken, idTokenFile }: FlowCredentials, { files }: Pick<Effects, 'files'>): Promise<string> {
  const what = 'The identity provider’s token';
  return checkJwt(idToken ?? (await files.readText(idTokenFile ?? '', what)), what);
}

/**
 * The issuer of the ID token, and the client that the token was issued to (OpenID Connect Core section 2), unless the user has
 * named them.
 *
 * @throws AuthError `assertion_unusable`.
 */
function chooseIdentityProvider(idToken: string, credentials: FlowCredentials): { issuer: string; client: ClientInformation } {
  const { iss, azp, aud } = parseClaims(idToken);
  const issuer = credentials.identityProvider ?? iss;
  const audience = Array.isArray(aud) && aud.length === 1 ? (aud[0] as unknown) : aud;
  const client = credentials.identityProviderClient ?? { client_id: azp ?? audience };
  if (credentials.identityProviderClient?.client_secret !== undefined && credentials.identityProvider === undefined) {
    throw new AuthError(
      'assertion_unusable',
      `The client secret for the identity provider was not sent: only the token says which identity provider that is (${quote(issuer)}).`,
      { hint: 'If it is the right one, pass it as --identity-provider URL.' },
    );
  }
  if (typeof issuer !== 'string' || typeof client.client_id !== 'string') {
    throw new AuthError('assertion_unusable', 'The identity provider’s token does not name its issuer and the client it was issued to.', {
      hint: 'Pass --identity-provider URL and --identity-provider-client-id ID.',
    });
  }
  return { issuer, client: { ...client, client_id: client.client_id, obtained_by: 'pre_registration' } };
}

import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { requestAuthorizationServer } from '../oauth/authorization-server.js';
import { identityAssertionProfile, requestIdentityAssertion } from '../oauth/identity-assertion.js';
import { jwtBearerGrant, requestTokenByAssertion } from '../oauth/jwt-bearer.js';
import { checkJwt, parseClaims } from '../oauth/jwt.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { quote } from '../text/server-text.js';
import type { Flow, FlowCredentials } from './flow.js';

/**
 * Enterprise-managed authorization: MCP extension, Identity Assertion JWT Authorization Grant. The company's identity
 * provider has logged the person in already, and vouches for them to the MCP server's authorization server.
 */
export const enterprise: Flow = {
  name: 'enterprise',
  summary: 'Log in with the token of the company’s identity provider',
  grantType: jwtBearerGrant,
  client: 'registered',
  unattended: true,
  canRunAgain: (proof) => proof.idTokenFile !== undefined,
  unavailable: ({ metadata, credentials: proof }) => {
    if (proof.idToken === undefined && proof.idTokenFile === undefined) return 'it needs --id-token-file FILE or --id-token-stdin';
    const profiles = metadata['authorization_grant_profiles_supported'];
    const known = !Array.isArray(profiles) || profiles.includes(identityAssertionProfile);
    return known ? undefined : 'the authorization server does not take identity assertions';
  },
  run: async (request, context) => {
    const { metadata, resource, scope, credentials: proof } = request;
    const idToken = await readIdToken(proof, context);
    const { issuer, client } = identityProviderOf(idToken, proof);
    // The person's own token names it, not the MCP server: it may well be in the company's network.
    const own = { ...context, http: context.http.withAllowedNetwork('loopback') };
    const provider = await requestAuthorizationServer({ issuer }, own);
    if (provider === undefined) throw new AuthError('no_authorization_server', `The identity provider ${issuer} has no metadata.`);
    const assertion = await requestIdentityAssertion(
      { metadata: provider, client, idToken, audience: metadata.issuer, resource, scope },
      own,
    );
    const { client_id, client_secret } = client;
    const found = {
      identityProvider: issuer,
      identityProviderClient: { client_id, ...(client_secret !== undefined && { client_secret }) },
    };
    return { tokens: await requestTokenByAssertion({ ...request, assertion }, context), credentials: { ...proof, ...found } };
  },
};

async function readIdToken({ idToken, idTokenFile }: FlowCredentials, { files }: Pick<Context, 'files'>): Promise<string> {
  const what = 'The identity provider’s token';
  return checkJwt(idToken ?? (await files.readText(idTokenFile ?? '', what)), what);
}

/** Who to show the token to: its own issuer, as the client that it was given to (OpenID Connect Core section 2). */
function identityProviderOf(idToken: string, proof: FlowCredentials): { issuer: string; client: ClientInformation } {
  const { iss, azp, aud } = parseClaims(idToken);
  const issuer = proof.identityProvider ?? iss;
  const audience = Array.isArray(aud) && aud.length === 1 ? (aud[0] as unknown) : aud;
  const client = proof.identityProviderClient ?? { client_id: azp ?? audience };
  if (proof.identityProviderClient?.client_secret !== undefined && proof.identityProvider === undefined) {
    throw new AuthError(
      'assertion_unusable',
      `The secret of our client at the identity provider was sent nowhere: only the token says which one that is (${quote(issuer)}).`,
      {
        hint: 'If it is the right one, pass it as --identity-provider URL.',
      },
    );
  }
  if (typeof issuer !== 'string' || typeof client.client_id !== 'string') {
    throw new AuthError('assertion_unusable', 'The identity provider’s token does not say who gave it, and to which client.', {
      hint: 'Pass --identity-provider URL and --identity-provider-client-id ID.',
    });
  }
  return { issuer, client: { ...client, client_id: client.client_id, obtained_by: 'pre_registration' } };
}

/** One login, from a server's URL to tokens in the store. Read it first: it is the story that the other folders tell. */
import type { Context } from '../context.js';
import { concludeLogin, type Agreement, type LoginResult } from './conclusion.js';
import { obtainConsent, type Consent } from './consent.js';
import { chooseResource } from '../oauth/dialect.js';
import { prepareLogin, type LoginRequest, type Preparation } from './preparation.js';

export type { LoginRequest, LoginResult };

/**
 * Logs in. Whatever fails, or is interrupted before there are tokens, leaves the store, and a login in it, as it was.
 *
 * @throws AuthError for everything that can go wrong on the way; see errors.ts.
 */
export async function login(request: LoginRequest, context: Context): Promise<LoginResult> {
  const prepared = await prepareLogin(request, context);
  // Everything from here on goes to addresses that the MCP server has named.
  const limited = prepared.context;
  const { name, timeout } = request;
  const consent = await obtainConsent({ ...prepared, name, timeout, runFlow: (flow, asked) => flow.run(asked, limited) }, limited);
  return concludeLogin({ agreement: createAgreement({ request, prepared, consent }), grant: consent.result }, context);
}

/** What the tokens are for, once a client and a flow have been settled on. */
export function createAgreement({
  request,
  prepared,
  consent,
}: {
  request: LoginRequest;
  prepared: Preparation;
  consent: Consent<unknown>;
}): Agreement {
  const { discovery, settings, headers, dialect, scope, stepUps, dpop, credentials: proof } = prepared;
  const { client, forgottenClientId: forgotten, flow } = consent;
  const { name, url, expandedUrl: address, verify } = request;
  const { metadata, issuerAddress, allowedNetwork: reach } = discovery;
  return {
    name,
    url,
    expandedUrl: address,
    verify,
    settings: settings.trustedIssuer === undefined ? settings : { ...settings, trustedIssuerAt: issuerAddress },
    headers,
    allowedNetwork: reach,
    metadata,
    resource: chooseResource(dialect, discovery.resource),
    scope,
    stepUps,
    client,
    forgottenClientId: forgotten,
    dpop,
    flow: flow.name,
    credentials: proof,
  };
}

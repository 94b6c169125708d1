/** One login, from a server's URL to tokens in the store. Read it first: it is the story that the other folders tell. */
import type { Context } from '../context.js';
import { conclude, type Agreement, type LoginResult } from './conclusion.js';
import { obtainConsent, type Consent } from './consent.js';
import { resourceToSend } from '../oauth/dialect.js';
import { prepare, type LoginRequest, type Preparation } from './preparation.js';

export type { LoginRequest, LoginResult };

/**
 * Logs in. Whatever fails, or is interrupted before there are tokens, leaves the store, and a login in it, as it was.
 *
 * @throws AuthError for everything that can go wrong on the way; see errors.ts.
 */
export async function login(request: LoginRequest, context: Context): Promise<LoginResult> {
  const prepared = await prepare(request, context);
  // Everything from here on goes to addresses that the MCP server has named.
  const limited = prepared.context;
  const { name, timeout } = request;
  const consent = await obtainConsent({ ...prepared, name, timeout, obtain: (flow, asked) => flow.run(asked, limited) }, limited);
  return conclude({ agreement: agreementOf({ request, prepared, consent }), grant: consent.obtained }, context);
}

/** What the tokens are for, once a client and a flow have been settled on. */
export function agreementOf({
  request,
  prepared,
  consent,
}: {
  request: LoginRequest;
  prepared: Preparation;
  consent: Consent<unknown>;
}): Agreement {
  const { discovery, settings, headers, dialect, scope, stepUps, dpop, proof } = prepared;
  const { client, forgotten, flow } = consent;
  const { name, url, address, verify } = request;
  const { metadata, issuerAddress, reach } = discovery;
  return {
    name,
    url,
    address,
    verify,
    settings: settings.trustedIssuer === undefined ? settings : { ...settings, trustedIssuerAt: issuerAddress },
    headers,
    reach,
    metadata,
    resource: resourceToSend(dialect, discovery.resource),
    scope,
    stepUps,
    client,
    forgotten,
    dpop,
    flow: flow.name,
    proof,
  };
}

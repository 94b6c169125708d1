/** What a login finds out before the person is asked. */
import type { ClientOptions } from './client.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { availableFlows, reasonForFlow } from '../flows/index.js';
import type { Flow, Proof } from '../flows/flow.js';
import type { TrustedIssuer } from '../oauth/authorization-server.js';
import { parseChallenge } from '../oauth/challenge.js';
import { discover, type Discovery } from '../oauth/discovery.js';
import { createDpop, type Dpop } from '../oauth/dpop.js';
import { quoted } from '../server-text.js';
import { scopeToRequest } from '../oauth/scope.js';
import { stepUp } from './step-up.js';
import { findServer, type ServerEntry } from '../store/document.js';
import { readLogin } from '../store/login.js';

export interface LoginRequest {
  readonly name: string;
  /** As the person wrote it, which is how it is stored, and with its `${VAR}` in place, which is how it is used. */
  readonly url: string;
  readonly address: string;
  /** The name of the one flow to use; without it, the first that can run. */
  readonly flow?: string;
  /** Whether a browser may be opened on this machine. */
  readonly browserWanted: boolean;
  /** Scopes joined by spaces, in place of those that the server names. */
  readonly scope?: string;
  /** The `WWW-Authenticate` value with which the server asked for more than the login that is there. */
  readonly challenge?: string;
  readonly client: ClientOptions;
  /** What a flow without a person shows in place of consent. */
  readonly proof: Proof;
  /** Which of the server's authorization servers to use. */
  readonly issuer?: string;
  /** An issuer that the authorization server may call itself; remembered for this server. */
  readonly trustedIssuer?: string;
  /** Whether the server may name addresses in a more private network than its own. */
  readonly privateNetworkAllowed?: boolean;
  /** Whether to go on where the metadata does not mention PKCE. */
  readonly pkceUnadvertised: boolean;
  /** Parameters of the authorization request that one server needs. */
  readonly extraParameters?: Readonly<Record<string, string>>;
  /** Seconds that the person has; without it ten minutes, or the life of a device code. */
  readonly timeout?: number;
  /** Whether another process finishes it, later. */
  readonly inTwoSteps?: boolean;
  /** Whether to try the token before it is stored. */
  readonly verify: boolean;
}

/** What was found out before the person is asked. */
export interface Preparation {
  readonly discovery: Discovery;
  readonly scope?: string;
  readonly stepUps: number;
  readonly flows: readonly [Flow, ...Flow[]];
  /** The key for a server that takes only tokens that are bound to one. */
  readonly dpop?: Dpop;
}

/**
 * Everything that can be known to fail before a client is registered and the person is sent to approve.
 *
 * @throws AuthError for what discovery finds wrong, `no_flow`, `usage`, `step_up_exhausted`, `store_unwritable`.
 */
export async function prepare(request: LoginRequest, context: Context): Promise<Preparation> {
  await context.store.checkWritable();
  const entry = findServer(await context.store.read(), request.name);
  const challenge = request.challenge === undefined ? undefined : parseChallenge(request.challenge);
  if (request.challenge !== undefined && challenge === undefined) {
    throw new AuthError('usage', 'The value of --challenge asks for no token.', {
      hint: 'Pass what the server sent as WWW-Authenticate.',
    });
  }
  const login = readLogin(entry);
  const more = challenge && stepUp({ name: request.name, login, challenge });
  const discovery = await discover(
    {
      serverUrl: new URL(request.address),
      challenge,
      issuer: request.issuer,
      before: login?.issuer,
      trusted: request.trustedIssuer === undefined ? keptIssuer(entry) : { issuer: request.trustedIssuer },
      privateNetworkAllowed: request.privateNetworkAllowed,
    },
    context,
  );
  const { metadata } = discovery;
  const { browserWanted, pkceUnadvertised, proof, inTwoSteps = false } = request;
  const situation = { metadata, browserWanted, pkceUnadvertised, proof, inTwoSteps, env: context.env };
  const flows = availableFlows(situation, request.flow);
  const scope = scopeToRequest(discovery, {
    asked: request.scope,
    challenged: challenge?.scope,
    before: more?.before,
    offline: !flows[0].unattended,
  });
  context.ui.remark(`Authorization server: ${metadata.issuer}${scope === undefined ? '' : `     scope: ${quoted(scope)}`}`);
  const reason = request.flow === undefined ? reasonForFlow(flows[0], situation) : undefined;
  if (reason !== undefined) context.ui.remark(reason);
  return {
    discovery,
    scope,
    stepUps: more?.repeats ?? 0,
    flows,
    ...(discovery.dpop && { dpop: await createDpop(metadata.dpop_signing_alg_values_supported) }),
  };
}

/** The issuer of an earlier `--trust-issuer`, for the address that it was given for. One of this login is for whatever address it turns out to be. */
export function keptIssuer(entry: ServerEntry | undefined): TrustedIssuer | undefined {
  return typeof entry?.trusted_issuer === 'string' ? { issuer: entry.trusted_issuer, address: entry.trusted_issuer_at } : undefined;
}

import type { Context } from '../context.js';
import type { Env } from '../effects.js';
import type { AuthError } from '../errors.js';
import type { AuthorizationRequest } from '../oauth/authorization-code.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import type { Dialect } from '../oauth/dialect.js';
import type { OwnAddresses } from '../oauth/endpoints.js';
import type { ClientInformation } from '../oauth/client-information.js';
import type { TokenResponse } from '../oauth/token.js';

/** One way that a person's consent is obtained. */
export interface Flow {
  /** As `--flow` takes it. */
  readonly name: string;
  readonly summary: string;
  /** The grant that the client has to be registered for: RFC 6749, RFC 8628, RFC 7523. */
  readonly grantType: string;
  /** What the client has to be: any; one that was registered by hand; or one that has a secret or a key besides. */
  readonly client: 'any' | 'registered' | 'confidential';
  /**
   * Whether it needs nobody. Such a flow is never chosen by itself, since it acts for another than the person, and is
   * run again when its token has expired.
   */
  readonly unattended: boolean;
  /** Whether what it shows says which authorization server it is for, and the flow sees to that. */
  readonly credentialsNameIssuer?: true;
  /** Whether what it was shown can be read once more; absent for a flow that asks the person. */
  canRunAgain?(proof: Pick<FlowCredentials, 'workloadTokenFile' | 'idTokenFile'>): boolean;
  /** Why this flow cannot be used here, as the end of a sentence; undefined when it can. */
  unavailable(situation: FlowConditions): string | undefined;
  /**
   * Takes the person through it.
   *
   * @throws AuthError `flow_refused` when the authorization server does not let this client use it and another flow may
   * be tried; OAuthError `invalid_client` when it does not know the client (any more); anything else ends the login.
   */
  run(request: FlowRequest, context: Context): Promise<Grant>;
  /** The same in two halves, for whoever cannot wait between them, as an agent. Absent where it cannot be halved. */
  readonly twoSteps?: TwoStepFlow;
}

/** What the first half leaves to the second, in another process: JSON, and secret. */
export type FlowState = Readonly<Record<string, unknown>>;

export interface TwoStepFlow {
  /** Asks for what the person needs. Throws as `run` does. */
  start(request: FlowRequest, context: Context): Promise<StartedFlow>;
  /** Takes what the person pastes, or waits until they have approved. */
  finish(half: { request: FlowRequest; kept: FlowState }, context: Context): Promise<Grant>;
  /** Whether what was pasted answers what is kept; absent where nothing is pasted. */
  isResponseTo?(answer: string, kept: FlowState): boolean;
}

export interface StartedFlow {
  readonly state: FlowState;
  /** Milliseconds since the epoch after which it is no use to go on. */
  readonly expiresAt: number;
  /** Shows the person what they need, once the rest has been kept. */
  readonly show: () => Promise<void>;
}

/** What decides which flows can run, known before a client is registered. */
export interface FlowConditions {
  readonly metadata: AuthorizationServerMetadata;
  readonly dialect: Dialect;
  /** False with `--no-browser`. */
  readonly browserWanted: boolean;
  readonly credentials: FlowCredentials;
  /** True with `--start`. */
  readonly inTwoSteps: boolean;
  readonly env: Env;
}

/** What an unattended flow shows in place of a person's consent. Files are read anew each time. */
export interface FlowCredentials {
  /** A JWT that the platform gives to this workload, as Kubernetes does: RFC 7523. */
  readonly workloadTokenFile?: string;
  /** An OpenID `id_token` of the person, or a file that holds one. */
  readonly idToken?: string;
  readonly idTokenFile?: string;
  /** Who gave the `id_token`, and our client there; from the token itself where they are not given. */
  readonly identityProvider?: string;
  readonly identityProviderClient?: Pick<ClientInformation, 'client_id' | 'client_secret'>;
  /** The person has named the authorization server, or it has been shown the proof before. */
  readonly isIssuerKnown?: boolean;
}

/** Everything that a flow needs, found before it starts. */
export interface FlowRequest extends AuthorizationRequest {
  /** What the person calls the MCP server. */
  readonly serverName: string;
  /** Its host, with the port where that is not the usual one. */
  readonly serverHost: string;
  readonly dialect: Dialect;
  /** Where the addresses of the authorization server may be. */
  readonly places: OwnAddresses;
  /** The client comes from the store, so that its authorization server may have forgotten it. */
  readonly isClientReused: boolean;
  readonly credentials: FlowCredentials;
  /** Seconds that the person has, where they said so. */
  readonly timeout?: number;
  /** What names this attempt for the command that finishes it, where that is another one. */
  readonly secondStep?: { readonly attempt: string };
}

/** What a flow ends in. */
export interface Grant {
  readonly tokens: TokenResponse;
  /** The proof with what the flow found in it, to be kept in place of what it was given. */
  readonly credentials?: FlowCredentials;
  /** Tells a browser that still waits for its page how the login ended: stored, or failed with `error`. */
  readonly respondToBrowser?: (error?: AuthError) => Promise<void>;
}

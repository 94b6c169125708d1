import type { Effects, Env, Http } from '../effects.js';
import type { AuthError } from '../errors.js';
import type { AuthorizationAttempt, AuthorizationRequest } from '../oauth/authorization-code.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import type { Dialect } from '../oauth/dialect.js';
import type { OwnAddresses } from '../oauth/endpoints.js';
import type { ClientInformation } from '../oauth/client-information.js';
import type { TokenResponse } from '../oauth/token.js';
import type { ResponseListener } from './response-listener.js';

/** One way to obtain consent and tokens. `flows/index.ts` lists them in the order in which a login tries them. */
export interface Flow {
  /** The value of `--flow`. */
  readonly name: string;
  readonly summary: string;
  /** The grant type that the client must be registered for: RFC 6749, RFC 8628, RFC 7523. */
  readonly grantType: string;
  /** Which clients can use it: any client, only pre-registered clients, or only pre-registered clients with a secret or a key. */
  readonly client: 'any' | 'registered' | 'confidential';
  /**
   * Whether it needs no user. Such a flow runs only if `--flow` names it, since it does not act for the user; a renewal
   * runs it again when its token has expired.
   */
  readonly unattended: boolean;
  /** Present if its credentials say which authorization server they are for, and the flow checks that. */
  readonly credentialsNameIssuer?: true;
  /** Whether a renewal can read its credentials again. Absent for flows that need the user. */
  canRunAgain?(credentials: Pick<FlowCredentials, 'workloadTokenFile' | 'idTokenFile'>): boolean;
  /** The reason why this flow cannot be used here, as the end of a sentence; undefined if it can. */
  unavailable(conditions: FlowConditions): string | undefined;
  /**
   * Takes the user through the flow.
   *
   * @throws AuthError `flow_refused` if the authorization server does not let this client use the flow, and the next one may
   * be tried; OAuthError `invalid_client` if it does not know the client. Any other error ends the login.
   */
  run(request: FlowRequest, effects: Effects): Promise<Grant>;
  /** The same flow for `--start` and `--finish`. Absent if it cannot be split. */
  readonly twoSteps?: TwoStepFlow;
}

/** What `start` leaves for `finish`, which runs in another process. JSON on disk (snake_case, seconds), and secret. */
export type FlowState = Readonly<Record<string, unknown>>;

export interface TwoStepFlow {
  /** Requests what the user has to be shown. Throws as `run` does. */
  start(request: FlowRequest, effects: Effects): Promise<StartedFlow>;
  /** Reads what the user pastes, or waits until the user has approved. */
  finish(step: { request: FlowRequest; state: FlowState }, effects: Effects): Promise<Grant>;
  /** What the user was shown, from the stored state, for another process that shows it again. */
  readInvitation(state: FlowState): Invitation;
  /** Whether the pasted text is the response to this login. Absent if nothing is pasted. */
  isResponseTo?(pastedText: string, state: FlowState): boolean;
}

/** What the user has to open, and to enter there. */
export interface Invitation {
  readonly address: string;
  /** RFC 8628 `user_code`. Absent if nothing has to be entered. */
  readonly userCode?: string;
}

export interface StartedFlow {
  readonly state: FlowState;
  /** When the login can no longer be finished, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Shows the user what to do. Call it when `state` is stored. */
  readonly show: () => Promise<void>;
}

/** What decides which flows can run. Known before a client is registered. */
export interface FlowConditions {
  readonly metadata: AuthorizationServerMetadata;
  readonly dialect: Dialect;
  /** False with `--no-browser`. */
  readonly browserWanted: boolean;
  readonly credentials: FlowCredentials;
  /** Absent if the user has set none, or it cannot be used. */
  readonly relay?: Relay | undefined;
  readonly held?: HeldLogins | undefined;
  /** True with `--start`. */
  readonly inTwoSteps: boolean;
  readonly env: Env;
}

/**
 * The logins of a process that started them and waits for them, by the ID of their session: for a flow whose key must not be stored.
 * Absent if the process does not wait.
 */
export type HeldLogins = Map<string, HeldLogin>;

export interface HeldLogin {
  readonly attempt: AuthorizationAttempt;
  readonly listener: ResponseListener;
}

/** A web service of the user (`mcp-auth relay`) that authorization responses can come back to. */
export interface Relay {
  /** Its origin. */
  readonly url: string;
  /** Reaches it in any network: the user has named it, not a server. */
  readonly http: Http;
}

/** What an unattended flow presents instead of a user's consent. Files are read again at each run. */
export interface FlowCredentials {
  /** A JWT that the platform issues to this workload, as Kubernetes does: RFC 7523. */
  readonly workloadTokenFile?: string;
  /** An OpenID `id_token` of the user, or a file that contains one. */
  readonly idToken?: string;
  readonly idTokenFile?: string;
  /** The issuer of the `id_token`, and our client there. By default, both are read from the token. */
  readonly identityProvider?: string;
  readonly identityProviderClient?: Pick<ClientInformation, 'client_id' | 'client_secret'>;
  /** Whether the user has named the authorization server, or it has received these credentials before. */
  readonly isIssuerKnown?: boolean;
}

/** Everything that a flow needs. */
export interface FlowRequest extends AuthorizationRequest {
  /** The name of the MCP server in the store. */
  readonly serverName: string;
  /** Its host, with the port if that is not the default. */
  readonly serverHost: string;
  readonly dialect: Dialect;
  /** Where the endpoints of the authorization server may be. */
  readonly ownAddresses: OwnAddresses;
  /** Whether the client comes from the store; its authorization server may have deleted it. */
  readonly isClientReused: boolean;
  readonly credentials: FlowCredentials;
  readonly relay?: Relay | undefined;
  readonly held?: HeldLogins | undefined;
  /** The limit in seconds that the user has set. */
  readonly timeout?: number;
  /** Names the login for `--finish`. Present with `--start` only. */
  readonly secondStep?: { readonly attempt: string };
}

/** The result of a flow. */
export interface Grant {
  readonly tokens: TokenResponse;
  /** The credentials with what the flow has read from them. Stored in place of the credentials of the request. */
  readonly credentials?: FlowCredentials;
  /** Shows a browser that waits for its page how the login ended: stored, or failed with `error`. */
  readonly respondToBrowser?: (error?: AuthError) => Promise<void>;
}

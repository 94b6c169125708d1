import type { Context } from '../context.js';
import type { AuthError } from '../errors.js';
import type { AuthorizationRequest } from '../oauth/authorization-code.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import type { TokenResponse } from '../oauth/token.js';

/** One way that a person's consent is obtained. */
export interface Flow {
  /** As `--flow` takes it. */
  readonly name: string;
  readonly summary: string;
  /** Why this flow cannot be used here, as the end of a sentence; undefined when it can. */
  unavailable(situation: Situation): string | undefined;
  /**
   * Takes the person through it.
   *
   * @throws AuthError `flow_refused` when the authorization server does not let this client use it and another flow may
   * be tried; OAuthError `invalid_client` when it does not know the client (any more); anything else ends the login.
   */
  run(request: FlowRequest, context: Context): Promise<Grant>;
}

/** What decides which flows can run, known before a client is registered. */
export interface Situation {
  readonly metadata: AuthorizationServerMetadata;
  /** False with `--no-browser`. */
  readonly browserWanted: boolean;
  /** True with `--allow-missing-pkce-metadata`. */
  readonly pkceUnadvertised: boolean;
  readonly context: Pick<Context, 'env' | 'ui'>;
}

/** Everything that a flow needs, found before it starts. */
export interface FlowRequest extends AuthorizationRequest {
  /** What the person calls the MCP server. */
  readonly serverName: string;
  /** The client comes from the store, so that its authorization server may have forgotten it. */
  readonly clientReused: boolean;
}

/** What a flow ends in. */
export interface Grant {
  readonly tokens: TokenResponse;
  /** Tells a browser that still waits for its page how the login ended: stored, or failed with `error`. */
  readonly answerBrowser?: (error?: AuthError) => Promise<void>;
}

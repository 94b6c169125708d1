import type { AuthorizationResponse } from '../oauth/authorization-code.js';
import type { AuthError } from '../errors.js';

/** Receives the authorization response of one attempt, on this machine or at a relay. */
export interface ResponseListener {
  /**
   * Waits for the authorization response of this attempt.
   *
   * @throws the signal's reason, or an AuthError that ends the login, as `access_denied`.
   */
  waitForResponse(signal: AbortSignal): Promise<AuthorizationResponse>;
  /** Shows the waiting browser how the login ended. */
  respond(error?: AuthError): Promise<void>;
  close(): Promise<void>;
}

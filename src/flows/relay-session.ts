/** One login's session at a relay, from this side. What the relay must not know stays here: the private key, the PKCE verifier. */
import type { Effects } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { checkAuthorizationResponse, type AuthorizationAttempt, type AuthorizationResponse } from '../oauth/authorization-code.js';
import { paths, type AnswerMessage, type OpenMessage } from '../relay-protocol/messages.js';
import { createSealKeys, openSealed, toBase64Url, type SealKeys } from '../relay-protocol/seal.js';
import { createSessionId, hashText } from '../relay-protocol/session-id.js';
import { createShortCode, hashShortCode, normaliseShortCode } from '../relay-protocol/short-code.js';
import { quote } from '../text/server-text.js';
import { parseObject } from '../text/json.js';
import type { FlowRequest, Relay } from './flow.js';
import { defaultTimeoutSeconds } from './redirect.js';
import type { ResponseListener } from './response-listener.js';

/** What a session is made with. None of it is stored on disk. */
export interface SessionSecrets {
  readonly keys: SealKeys;
  /** Proves to the relay that this is the terminal that has opened the session. */
  readonly secret: string;
  readonly secretHash: string;
  readonly id: string;
  /** The short code that the user enters at the relay. */
  readonly code: string;
}

export async function createSessionSecrets(): Promise<SessionSecrets> {
  const keys = await createSealKeys();
  const secret = toBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(32)));
  const secretHash = await hashText(secret);
  return { keys, secret, secretHash, id: await createSessionId({ publicKey: keys.publicKey, secretHash }), code: createShortCode() };
}

interface SessionOptions extends SessionSecrets {
  readonly relay: Relay;
  readonly request: FlowRequest;
  readonly attempt: AuthorizationAttempt;
}

/** Milliseconds that the relay may take to respond; to a wait, it responds after 25 seconds at the latest. */
const responseTimeout = 15_000;
const waitTimeout = 60_000;
/** Milliseconds for the last words, which the login does not need. */
const endTimeout = 3_000;
/** Milliseconds that a wait lasts at least, unless the relay fails: otherwise the next one starts after a pause. */
const shortestWait = 1_000;
/** Milliseconds between two attempts to reach a relay that fails. */
const firstPause = 1_000;
const longestPause = 10_000;
/** Seconds for which a relay keeps a session at most. */
const longestLife = 1800;
const shortestLife = 60;

/** Failures of the network or of the relay, which may end: it may be starting again. */
const passing = ['network_error', 'request_timed_out', 'server_failed', 'response_invalid'] as const;

export class RelaySession implements ResponseListener {
  readonly #options: SessionOptions;
  readonly #effects: Effects;
  readonly #end: number;
  /** Whether a page waits for the outcome of the login, and whether it has been told. */
  #isAnswered = false;
  #isReported = false;

  constructor(options: SessionOptions, effects: Effects) {
    this.#options = options;
    this.#effects = effects;
    this.#end = effects.clock.now() + (options.request.timeout ?? defaultTimeoutSeconds) * 1000;
  }

  get id(): string {
    return this.#options.id;
  }

  get code(): string {
    return this.#options.code;
  }

  /** The page for the user to open. */
  get address(): string {
    return `${this.#options.relay.url}${paths.session}/${this.#options.id}`;
  }

  /** Opens the session, or opens it again at a relay that was restarted. @throws AuthError as `Http.fetch` does, `server_failed`. */
  async open(): Promise<void> {
    const { keys, secretHash, id, code, request, attempt } = this.#options;
    const left = Math.ceil((this.#end - this.#effects.clock.now()) / 1000);
    const message: OpenMessage = {
      public_key: keys.publicKey,
      secret_hash: secretHash,
      authorization_url: attempt.url,
      state: attempt.state,
      response_mode: request.responseMode ?? 'query',
      code_hash: await hashShortCode(code, id),
      server: `${request.serverName} (${request.serverHost})`,
      ...(request.scope !== undefined && { scope: request.scope }),
      expires_in: Math.min(Math.max(left, shortestLife), longestLife),
    };
    const response = await this.#request({ method: 'PUT', message });
    if (response.status !== 200 && response.status !== 201) throw await createRelayError(response);
  }

  async waitForResponse(signal: AbortSignal): Promise<AuthorizationResponse> {
    const { clock } = this.#effects;
    let pause = firstPause;
    for (;;) {
      const askedAt = clock.now();
      try {
        const answer = await this.#requestAnswer(signal);
        if (answer !== undefined) {
          this.#isAnswered = true;
          return await this.#read(answer);
        }
        if (clock.now() - askedAt >= shortestWait) {
          pause = firstPause;
          continue;
        }
      } catch (error) {
        if (signal.aborted || !hasCode(error, ...passing)) throw error;
      }
      await clock.sleep(pause, signal);
      pause = Math.min(pause * 2, longestPause);
    }
  }

  /** Only a page that waits for it is told, if it can be. */
  async respond(error?: AuthError): Promise<void> {
    if (!this.#isAnswered) return;
    this.#isAnswered = false;
    this.#isReported = true;
    const message = { ok: error === undefined };
    await this.#request({ method: 'POST', path: '/outcome', message, timeout: endTimeout }).catch(() => undefined);
  }

  /** The relay removes a session whose outcome it knows, and every other one in time. */
  async close(): Promise<void> {
    if (!this.#isReported) await this.#request({ method: 'DELETE', timeout: endTimeout }).catch(() => undefined);
  }

  /** Undefined if there is none yet. */
  async #requestAnswer(signal: AbortSignal): Promise<AnswerMessage | undefined> {
    const response = await this.#request({ method: 'GET', path: '/answer', timeout: waitTimeout, signal });
    if (response.status === 204) return undefined;
    if (response.status === 404) {
      await this.open();
      return undefined;
    }
    if (response.status === 410) throw createTooManyCodesError();
    if (response.status !== 200) throw await createRelayError(response);
    const { sealed, code } = parseObject(await response.text()) ?? {};
    if (typeof sealed !== 'string') throw new AuthError('response_invalid', 'The relay sent an answer without content.');
    return { sealed, ...(typeof code === 'string' && { code }) };
  }

  /**
   * Checks the answer as if it came from anywhere. The relay has compared the short code; it is compared here again, so that a mistake
   * in its check is of no use to an attacker. The code is no secret from the relay itself: it is short enough to be found by its hash.
   */
  async #read({ sealed, code = '' }: AnswerMessage): Promise<AuthorizationResponse> {
    const { keys, id, attempt } = this.#options;
    const text = await openSealed({ sealed, keys, context: id }).catch((cause: unknown) => {
      throw new AuthError('address_mismatch', 'The answer of the relay was not sealed for this login, so it was rejected.', { cause });
    });
    const response = checkAuthorizationResponse(new URLSearchParams(text), attempt);
    if (normaliseShortCode(code) === this.#options.code) return response;
    throw new AuthError('state_mismatch', 'The relay sent an answer although the code was not entered there, so it was rejected.', {
      hint: 'Do not use this relay until you know why: log in with --no-relay.',
    });
  }

  async #request({ method, path = '', message, timeout = responseTimeout, signal }: RelayRequest): Promise<Response> {
    const { relay, secret } = this.#options;
    return relay.http.fetch(`${this.address}${path}`, {
      method,
      headers: { authorization: `Bearer ${secret}`, ...(message && { 'content-type': 'application/json' }) },
      ...(message && { body: JSON.stringify(message) }),
      timeout,
      ...(signal && { signal }),
    });
  }
}

interface RelayRequest {
  readonly method: 'PUT' | 'GET' | 'POST' | 'DELETE';
  /** Below the session's address. */
  readonly path?: string;
  readonly message?: object;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

function createTooManyCodesError(): AuthError {
  return new AuthError('access_denied', 'Wrong codes were entered at the relay, so it has ended this login.', {
    hint: 'Log in again. If you have not entered a code, another person has the address of this login: keep it to yourself.',
  });
}

async function createRelayError(response: Response): Promise<AuthError> {
  const text = (await response.text()).trim().slice(0, 200);
  const code = response.status >= 500 || response.status === 429 ? 'server_failed' : 'request_refused';
  return new AuthError(code, `The relay responded with status ${response.status}${text === '' ? '' : `: ${quote(text)}`}.`);
}

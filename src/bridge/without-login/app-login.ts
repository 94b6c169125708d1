/** A login that the app asks the bridge for, and every other login to the same server that appears in the store meanwhile. */
import { abortable } from '../../abortable.js';
import { createCallbackUi } from '../../callback-ui.js';
import type { Context } from '../../context.js';
import { AuthError, createInterruptedError, hasCode, toAuthError } from '../../errors.js';
import type { HeldLogins } from '../../flows/flow.js';
import { pasteErrors } from '../../flows/redirect.js';
import type { LoginRequest } from '../../login/preparation.js';
import { findTarget } from '../../login/target.js';
import type { StartedLogin } from '../../login/two-steps.js';
import { findServer } from '../../store/document.js';
import { isLoginFor, readLogin } from '../../store/login.js';
import { findTargetName, type Target } from '../target-login.js';

const loadSteps = () => import('./login-steps.js');

/** Milliseconds between two looks at the store, and between two attempts to wait for an approval that another process waits for. */
const lookInterval = 2_000;

/** Milliseconds to wait for another process that finishes the same login with an address. */
const finishLockTimeout = 30_000;

/** Milliseconds to wait for requests that are being made when the app closes its side. */
const closingTimeout = 2_000;

/** How many logins in vain a bridge starts within a period of so many milliseconds: an agent may ask again and again. */
const maxStarts = 3;
const startPeriod = 3_600_000;

/** Errors of a paste after which the same login can still be finished, and of a wait that can be repeated. */
const repeatableErrors = [
  ...pasteErrors,
  ...(['network_error', 'request_timed_out', 'server_failed', 'store_locked', 'interrupted'] as const),
] as const;

/** The end of a wait: there is a login, or the one that was waited for has failed. */
export interface Outcome {
  readonly failure?: AuthError;
}

interface AppLoginOptions {
  readonly target: Target;
  /** Called when there is a new login, before the calls that wait for it go on. Throws if it cannot be used. */
  readonly onLogin: () => Promise<void>;
}

export class AppLogin {
  readonly #target: Target;
  readonly #onLogin: () => Promise<void>;
  readonly #context: Context;
  readonly #closing = new AbortController();
  readonly #startedAt: number[] = [];
  readonly #held: HeldLogins = new Map();
  /** What goes on while no call waits for it. */
  readonly #background = new Set<Promise<unknown>>();
  readonly #waiting = new Set<(outcome: Outcome) => void>();
  /** The stored login when one became necessary, which is not enough. */
  #insufficient: string | undefined;
  #isWatching = false;
  #looking: Promise<void> | undefined;
  #running: StartedLogin | undefined;

  /** @param context of the bridge. Nothing of the login is printed but warnings: the app shows the rest. */
  constructor({ target, onLogin }: AppLoginOptions, context: Context) {
    const { ui } = context;
    this.#target = target;
    this.#onLogin = onLogin;
    this.#context = {
      ...context,
      signal: AbortSignal.any([context.signal, this.#closing.signal]),
      ui: createCallbackUi({ onWarning: (text) => ui.warn(text), onFailure: () => undefined }),
    };
  }

  /** The login that the user has been asked for and that can still be finished. */
  get running(): StartedLogin | undefined {
    return this.#running !== undefined && this.#running.expiresAt > this.#context.clock.now() ? this.#running : undefined;
  }

  /** The server's name in the store, or its URL. */
  async getServerName(): Promise<string> {
    return (await findTargetName(this.#target, this.#context)) ?? this.#target.url.href;
  }

  /** Whether a login to this server can be started: its name may belong to another server by now, or it has a key instead. */
  async isPossible(): Promise<boolean> {
    return this.#createRequest().then(
      () => true,
      () => false,
    );
  }

  /** From now on, a login in the store counts if it is not the one that is stored now. */
  async expect(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#insufficient = await this.#readKey();
    this.#runInBackground(this.#watch());
  }

  /** Continues a login that another bridge has started. */
  continueRunning(): void {
    const join = async () => {
      const { findRunningLogin } = await loadSteps();
      const running = await findRunningLogin(await this.#createRequest(), this.#context);
      if (running !== undefined && this.running === undefined) this.#join(running);
    };
    this.#runInBackground(join());
  }

  /** Whether a login needs the address that the browser ends on. Looks at the authorization server, and starts nothing. */
  async needsRedirectUrl(): Promise<boolean> {
    const { prepareLogin, takesPaste } = await loadSteps();
    const preparing = this.#createRequest().then((request) => prepareLogin({ ...request, inTwoSteps: true }, this.#context));
    this.#runInBackground(preparing);
    const { flows } = await preparing;
    return takesPaste(flows[0]);
  }

  /**
   * Starts a login, or joins the running one. Undefined if there is a login by now.
   *
   * @param challenge of a server that requires more scopes.
   * @throws AuthError as `startLogin` does; `flow_refused` if too many were started.
   */
  async start(challenge?: string): Promise<StartedLogin | undefined> {
    await this.#look();
    if (!this.#isWatching) return undefined;
    const request = { ...(await this.#createRequest()), ...(challenge !== undefined && { challenge }) };
    const { joinLogin } = await loadSteps();
    const { login, isNew } = await joinLogin({ request, checkMayStart: () => this.#checkMayStart() }, this.#context);
    if (isNew) this.#startedAt.push(this.#context.clock.now());
    if (login.attempt !== this.#running?.attempt) this.#join(login);
    return login;
  }

  /** Finishes the running login with what the user has pasted. @throws AuthError as `finishLogin` does. */
  async finish(pastedText: string): Promise<void> {
    if (this.running?.needsRedirectUrl === false) throw createCodeNeededError();
    const server = await this.getServerName();
    const { finishLogin } = await loadSteps();
    try {
      await finishLogin({ server, pastedText, lockTimeout: finishLockTimeout }, this.#context);
    } catch (error) {
      const failure = toAuthError(error);
      if (!hasCode(failure, ...repeatableErrors)) await this.#forget();
      throw failure;
    }
    await this.#look();
  }

  /** Resolves when there is a login, or the running one has failed. */
  async untilOutcome(signal: AbortSignal): Promise<Outcome> {
    const outcome = abortable<Outcome>(signal, (resolve) => {
      this.#waiting.add(resolve);
      return () => this.#waiting.delete(resolve);
    });
    return outcome.catch(() => ({ failure: createInterruptedError() }));
  }

  /** Resolves when nothing is done any more, and no lock is held, or a server takes too long to answer. */
  async close(): Promise<void> {
    // The attempt goes on: another bridge may take over, or the next session of the app.
    this.#closing.abort(createInterruptedError());
    await Promise.race([Promise.all(this.#background), this.#context.clock.sleep(closingTimeout)]);
  }

  async #createRequest(): Promise<LoginRequest> {
    const { name, url } = this.#target;
    const target = await findTarget({ server: name ?? url.href, name: undefined }, this.#context);
    if (new URL(target.expandedUrl).href !== url.href) throw new AuthError('usage', `${target.name} is another server now.`);
    return { ...target, client: {}, credentials: {}, newSettings: {}, browserWanted: false, verify: true, held: this.#held };
  }

  #checkMayStart(): void {
    const now = this.#context.clock.now();
    const recent = this.#startedAt.filter((at) => now - at < startPeriod);
    if (recent.length >= maxStarts) {
      throw new AuthError('flow_refused', `${recent.length} logins were started and not approved, so no more is started for an hour.`, {
        hint: 'Ask the user to log in: mcp-auth login',
      });
    }
  }

  #join(login: StartedLogin): void {
    this.#running = login;
    if (!login.needsRedirectUrl) this.#runInBackground(this.#waitForApproval(login));
  }

  #runInBackground(work: Promise<unknown>): void {
    const ended = work.catch(() => undefined);
    this.#background.add(ended);
    void ended.then(() => this.#background.delete(ended));
  }

  /** Waits until the user has approved. Only one process asks the authorization server; the others take its place if it ends. */
  async #waitForApproval({ attempt }: StartedLogin): Promise<void> {
    const { clock, signal } = this.#context;
    const { finishLogin } = await loadSteps();
    while (!signal.aborted && this.running?.attempt === attempt) {
      try {
        await finishLogin({ attempt, lockTimeout: 0, held: this.#held }, this.#context);
        await this.#look();
        return;
      } catch (error) {
        const failure = toAuthError(error);
        // Another process may have finished it.
        if (hasCode(failure, 'attempt_unknown')) await this.#look();
        if (!hasCode(failure, ...repeatableErrors)) await this.#fail(failure);
      }
      await clock.sleep(lookInterval, signal).catch(() => undefined);
    }
  }

  async #fail(failure: AuthError): Promise<void> {
    if (!this.#isWatching) return;
    await this.#forget();
    for (const end of this.#waiting) end({ failure });
  }

  /** The running login has ended without success. */
  async #forget(): Promise<void> {
    const attempt = this.#running?.attempt;
    this.#running = undefined;
    if (attempt !== undefined) await this.#context.store.removeAttempt(attempt).catch(() => undefined);
  }

  async #watch(): Promise<void> {
    const { clock, signal } = this.#context;
    while (!signal.aborted && this.#isWatching) {
      await clock
        .sleep(lookInterval, signal)
        .then(() => this.#look())
        .catch(() => undefined);
    }
  }

  /** Ends the wait if the store has a new login that works. */
  async #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    await this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const key = await this.#readKey();
    if (!this.#isWatching || key === undefined || key === this.#insufficient) return;
    try {
      await this.#onLogin();
    } catch (error) {
      const failure = toAuthError(error);
      // A login that the server rejects is not tried again. After a failure of the network it is, at the next look.
      if (hasCode(failure, 'login_needed', 'token_refused')) this.#insufficient = key;
      for (const end of this.#waiting) end({ failure });
      return;
    }
    this.#isWatching = false;
    this.#running = undefined;
    this.#startedAt.length = 0;
    for (const end of this.#waiting) end({});
  }

  /** What changes with each login. */
  async #readKey(): Promise<string | undefined> {
    const { store } = this.#context;
    const name = await findTargetName(this.#target, this.#context);
    const login = name === undefined ? undefined : readLogin(findServer(await store.peek(name), name));
    if (login !== undefined && !isLoginFor(login, this.#target.url)) return undefined;
    return login && `${login.accessToken} ${login.scope ?? ''}`;
  }
}

function createCodeNeededError(): AuthError {
  return new AuthError('flow_refused', 'This login is finished with the code, not with an address.', {
    hint: 'Ask the user to enter the code at the page. The tool log_in shows both again.',
  });
}

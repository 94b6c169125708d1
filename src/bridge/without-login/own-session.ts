/**
 * The bridge's own MCP session, for the time when the server requires a login that is not there. The app gets the tools that the
 * server last had, and two of the bridge's own. A call starts a login. As soon as there is a login, however it was made, the messages
 * go to the server again.
 */
import type { Context } from '../../context.js';
import type { BinaryString } from '../../effects.js';
import { AuthError, toAuthError } from '../../errors.js';
import type { StartedLogin } from '../../login/two-steps.js';
import { redactError } from '../../secrets/secrets.js';
import { fromBinary } from '../../text/binary-string.js';
import { isObject, parseObject } from '../../text/json.js';
import { ScopeRequiredError } from '../authorized-http.js';
import {
  createErrorResponse,
  createFailureResponse,
  createNotification,
  createOwnId,
  createRequest,
  createResponse,
  isRequest,
  jsonRpcErrorCodes,
  type Message,
  type RequestMessage,
} from '../json-rpc.js';
import type { Opening } from '../opening.js';
import { formatWithoutServer } from '../redacted-words.js';
import type { ServerMemory } from '../server-memory.js';
import type { Target } from '../target-login.js';
import type { Deliver } from '../transport.js';
import { answerWithoutLogin, createToolResult, listChangedLists } from './answers.js';
import { AppLogin, type Outcome } from './app-login.js';
import { isRepeated, parseAppRequest, withoutInputResponse, type AppRequest } from './app-request.js';
import { Dialog } from './dialog.js';
import { formatFailure } from './failure-text.js';
import { askAgainTime, holdUntil } from './hold.js';
import { finishLoginTool, formatInvitation, logInTool } from './own-tools.js';

export interface OwnSessionOptions {
  readonly target: Target;
  readonly memory: ServerMemory;
  /** How the app has opened its session. */
  readonly opening: Opening;
  /** Writes a message to the app. */
  readonly write: Deliver;
  /** Sends a message of the app to the server, with the login that is stored now. */
  forward(message: Message, signal: AbortSignal): Promise<void>;
  /** Opens the session at the server as the app has opened this one. */
  openAtServer(): Promise<void>;
  /** Sends a request of the bridge itself. Resolves to the response, or undefined if there is none. */
  request(message: RequestMessage): Promise<BinaryString | undefined>;
  /** Has the login read from the store again. */
  forgetLogin(): void;
}

/** Milliseconds to wait for the metadata of the authorization server, and for an app that lists the tools again. */
const metadataTimeout = 5_000;
const listingTime = 2_000;
/** Milliseconds for an app to offer the model the tools that it has listed. Gemini CLI is too late without them. */
const adoptionTime = 500;
/** A server with more pages is not listed to the end. */
const maxToolPages = 50;

/** Subscriptions of MCP 2026-07-28. */
const acknowledged = 'notifications/subscriptions/acknowledged';
const subscriptionId = 'io.modelcontextprotocol/subscriptionId';

/** The requests that open a session. The app waits for their answer at each start. */
const openingMethods = new Set(['initialize', 'server/discover']);
/** The requests that a login can make possible. */
const calls = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** A call that needs a login, and why. */
interface NeedyCall {
  readonly request: AppRequest;
  readonly reason: string;
  /** Of a server that requires more scopes. */
  readonly challenge?: string;
  readonly signal: AbortSignal;
}

/** How such a call goes on. */
type Ending =
  | { readonly kind: 'loggedIn' | 'responded' }
  | { readonly kind: 'notYet'; readonly reason: string }
  | { readonly kind: 'failed'; readonly failure: AuthError };

export class OwnSession {
  readonly #options: OwnSessionOptions;
  readonly #context: Context;
  readonly #login: AppLogin;
  readonly #dialog: Dialog;
  /** Whether there is no login, so that every request is answered here. */
  #isAnswering = false;
  /** Whether the app's session has been opened here and not at the server. */
  #isOpenedHere = false;
  /** Whether the app may have seen the bridge's own tools. */
  #hasOwnTools = false;
  #needsRedirectUrl: Promise<boolean> | undefined;
  /** Subscriptions that were confirmed here, and that the server has not confirmed yet. */
  readonly #confirmed = new Set<unknown>();
  /** Resolves when the app has the tools of the server, after the login. */
  #toolsListed: Promise<void> = Promise.resolve();

  constructor(options: OwnSessionOptions, context: Context) {
    const { target, write } = options;
    this.#options = options;
    this.#context = context;
    this.#login = new AppLogin({ target, onLogin: () => this.#open() }, context);
    this.#dialog = new Dialog({ clock: context.clock, serverHost: target.url.host, write });
  }

  /** Whether a message of the app is for this session and not for the server. */
  takes(message: Message): boolean {
    const { method, isBatch } = message;
    if (isBatch === true) return false;
    if (method === undefined) return this.#dialog.isAnswer(message);
    if (this.#isAnswering) return true;
    if (method === 'tools/list') return this.#login.running?.needsRedirectUrl === true;
    return this.#hasOwnTools && (isCallOf(logInTool, message) || isCallOf(finishLoginTool, message));
  }

  /** Whether a message of the server says again what the app was told here: that a subscription is open. */
  isRepetition(text: BinaryString): boolean {
    if (this.#confirmed.size === 0 || !text.includes(acknowledged)) return false;
    const { method, params } = parseObject(fromBinary(text)) ?? {};
    const meta = isObject(params) && isObject(params['_meta']) ? params['_meta'] : {};
    return method === acknowledged && this.#confirmed.delete(meta[subscriptionId]);
  }

  /** Answers a message. Resolves when that is done, which may take minutes. */
  async handle(message: Message, signal: AbortSignal): Promise<void> {
    if (message.method === undefined) this.#dialog.readAnswer(message);
    else if (isRequest(message)) await this.#answer(this.#parse(message), signal);
  }

  /** A message as it is sent to the server: without the answers to the bridge's own questions. */
  forServer(message: Message): Message {
    return isRequest(message) && isRepeated(message) ? withoutInputResponse(this.#parse(message)) : message;
  }

  /** Takes over a request that the server has rejected with `login_needed`. */
  async takeOver(message: RequestMessage, error: AuthError, signal: AbortSignal): Promise<void> {
    const challenge = error instanceof ScopeRequiredError ? error.challenge : undefined;
    if (!this.#isAnswering && !(await this.#login.isPossible())) throw error;
    if (challenge === undefined) {
      if (!this.#isAnswering) await this.#begin(message);
      return this.handle(message, signal);
    }
    const request = this.#parse(message);
    if (!calls.has(request.method)) throw error;
    await this.#login.expect();
    const reason = 'The server requires more scopes than the stored login has, so the call was not made.';
    await this.#callAfterLogin({ request, reason, challenge, signal });
  }

  close(): Promise<void> {
    return this.#login.close();
  }

  #parse(message: RequestMessage): AppRequest {
    return parseAppRequest(message, this.#options.opening.initialize);
  }

  /** From now on, requests are answered here. A request that opens nothing follows one that has opened the session at the server. */
  async #begin({ method = '' }: Message): Promise<void> {
    this.#isAnswering = true;
    this.#isOpenedHere = method === 'initialize';
    await this.#login.expect();
    this.#needsRedirectUrl = undefined;
    if (!openingMethods.has(method)) await this.#announce(['tools']);
  }

  /** If it cannot be found out, the tool is offered: it does no harm. */
  async #findNeedsRedirectUrl(): Promise<boolean> {
    const { clock, signal } = this.#context;
    const timeout = clock.sleep(metadataTimeout, signal).then(() => true);
    return Promise.race([this.#login.needsRedirectUrl(), timeout]).catch(() => true);
  }

  async #answer(request: AppRequest, signal: AbortSignal): Promise<void> {
    const { method, message } = request;
    const [isLogIn, isFinish] = [isCallOf(logInTool, message), isCallOf(finishLoginTool, message)];
    // An app that keeps the list of an earlier session does not ask for it.
    if (method === 'tools/list' || isLogIn || isFinish) this.#hasOwnTools = true;
    // The login may have been lost between the two that open a session.
    if (method === 'initialize') this.#isOpenedHere = true;
    if (openingMethods.has(method)) return this.#answerHere(request).then(() => this.#lookAhead());
    this.#lookAhead();
    if (isFinish) return this.#finish(request);
    if (calls.has(method)) {
      const reason = isLogIn ? 'This server requires a login.' : 'This server requires a login, so the call was not made.';
      return this.#callAfterLogin({ request, reason, signal });
    }
    return method === 'subscriptions/listen' ? this.#holdSubscription(request, signal) : this.#answerHere(request);
  }

  /** Answers a request that needs no login, or says that it is not supported. */
  async #answerHere(request: AppRequest): Promise<void> {
    const needsRedirectUrl =
      request.method === 'tools/list' && (this.#login.running?.needsRedirectUrl ?? (await this.#needsRedirectUrl) ?? true);
    const result = answerWithoutLogin(request, { seen: await this.#options.memory.read(), needsRedirectUrl });
    const refusal = { code: jsonRpcErrorCodes.methodNotFound, message: 'This server requires a login.' };
    if (result !== undefined) await this.#respond(request, result);
    else await this.#options.write(createErrorResponse(request.message.id, refusal));
  }

  /** Finds out what a login will need, and whether one is running. Not before the app's session is open: it takes time to load. */
  #lookAhead(): void {
    if (!this.#isAnswering || this.#needsRedirectUrl !== undefined) return;
    this.#needsRedirectUrl = this.#findNeedsRedirectUrl();
    this.#login.continueRunning();
  }

  async #callAfterLogin(call: NeedyCall): Promise<void> {
    const { request, signal } = call;
    const ending = await this.#logIn(call);
    if (signal.aborted || ending.kind === 'responded') return;
    if (ending.kind === 'notYet') await this.#respondNotYet(request, ending.reason);
    else if (ending.kind === 'failed') await this.#respondFailure(request, ending.failure);
    else await this.#continue(request, signal);
  }

  /** Starts or joins a login, and waits for it as long as the app may wait. */
  async #logIn(call: NeedyCall): Promise<Ending> {
    const { request, challenge } = call;
    // The login may have arrived since the app has listed the tools.
    if (!this.#isAnswering && challenge === undefined) return { kind: 'loggedIn' };
    // Without a dialog, only a tool has a result in which the address can be shown.
    if (request.method !== 'tools/call' && !request.canShowUrl) return { kind: 'failed', failure: createLoginFirstError() };
    try {
      const login = await this.#login.start(challenge);
      if (login === undefined) return { kind: 'loggedIn' };
      if (login.needsRedirectUrl && !this.#isAnswering) await this.#announce(['tools']);
      return await (this.#dialog.wasShown(login) ? this.#waitAgain(call, login) : this.#showAndWait(call, login));
    } catch (error) {
      return { kind: 'failed', failure: toAuthError(error) };
    }
  }

  async #showAndWait({ request, reason, signal }: NeedyCall, login: StartedLogin): Promise<Ending> {
    const outcome = this.#login.untilOutcome(signal);
    const answered = this.#dialog.show(login, request);
    if (answered === undefined) this.#dialog.noteShown(login);
    const answer = await Promise.race([outcome, answered ?? 'unanswered']);
    if (typeof answer !== 'string') return toEnding(answer);
    if (answer === 'repeats') return { kind: 'responded' };
    if (answer === 'declined') return { kind: 'notYet', reason: declined };
    // Only the user can bring the address that finishes such a login.
    if (answer === 'unanswered' || login.needsRedirectUrl) return { kind: 'notYet', reason };
    return toEnding(await holdUntil({ request, login, outcome, write: this.#options.write }, this.#context.clock));
  }

  /** For a call after the user was asked: the same one, repeated by the app or the model, or another. */
  async #waitAgain({ request, signal, reason }: NeedyCall, login: StartedLogin): Promise<Ending> {
    const action = request.inputResponse?.attempt === login.attempt ? request.inputResponse.action : undefined;
    if (action !== undefined && action !== 'accept') return { kind: 'notYet', reason };
    if (login.needsRedirectUrl) return { kind: 'notYet', reason: action === undefined ? notApproved : reason };
    const outcome = this.#login.untilOutcome(signal);
    const time = action === undefined ? askAgainTime : undefined;
    return toEnding(await holdUntil({ request, login, outcome, time, write: this.#options.write }, this.#context.clock));
  }

  /** The app has asked for this before the login: it is done now. */
  async #continue(request: AppRequest, signal: AbortSignal): Promise<void> {
    if (isCallOf(logInTool, request.message)) return this.#respondLoggedIn(request);
    try {
      await this.#options.forward(withoutInputResponse(request), signal);
    } catch (error) {
      if (!signal.aborted) await this.#respondFailure(request, toAuthError(error));
    }
  }

  async #finish(request: AppRequest): Promise<void> {
    const { arguments: given } = request.params;
    const pasted = isObject(given) ? given['redirect_url'] : undefined;
    try {
      if (typeof pasted !== 'string' || pasted.trim() === '') throw createNothingPastedError();
      if (this.#isAnswering || this.#login.running !== undefined) await this.#login.finish(pasted);
      await this.#respondLoggedIn(request);
    } catch (error) {
      await this.#respondFailure(request, toAuthError(error));
    }
  }

  /** A subscription of MCP 2026-07-28 is confirmed, so that the app can be told of the tools after the login, and opened then. */
  async #holdSubscription(request: AppRequest, signal: AbortSignal): Promise<void> {
    const { id } = request.message;
    const meta = { [subscriptionId]: id };
    const { notifications } = request.params;
    await this.#options.write(createNotification(acknowledged, { _meta: meta, notifications }));
    while ((await this.#login.untilOutcome(signal)).failure !== undefined) if (signal.aborted) return;
    await this.#options.write(createNotification('notifications/tools/list_changed', { _meta: meta }));
    this.#confirmed.add(id);
    await this.#options.forward(request.message, signal);
  }

  /** There is a login: opens the session at the server, and tells the app that its lists have changed. */
  async #open(): Promise<void> {
    this.#options.forgetLogin();
    if (this.#isOpenedHere) await this.#options.openAtServer();
    this.#isOpenedHere = false;
    this.#isAnswering = false;
    await this.#dialog.close();
    this.#toolsListed = this.#options.memory.untilNextTools();
    await this.#options.memory.saved();
    const { initialize, discover } = await this.#options.memory.read();
    await this.#announce(listChangedLists(initialize ?? discover));
    void this.#rememberTools().catch(() => undefined);
  }

  /** Some apps list the tools only once. For their next session without a login, the bridge lists them itself. */
  async #rememberTools(): Promise<void> {
    if (!this.#options.opening.isKnown) return;
    let cursor: unknown;
    for (let page = 1; page <= maxToolPages; page += 1) {
      const params = typeof cursor === 'string' ? { cursor } : {};
      const response = await this.#options.request(createRequest(createOwnId(`tools-${page}`), 'tools/list', params));
      const result = response && parseObject(fromBinary(response))?.['result'];
      cursor = isObject(result) ? result['nextCursor'] : undefined;
      if (typeof cursor !== 'string') return;
    }
  }

  /** An app of MCP 2026-07-28, which does not open a session, hears of changes in its subscriptions only. */
  async #announce(lists: readonly string[]): Promise<void> {
    if (!this.#options.opening.isKnown) return;
    for (const list of lists) await this.#options.write(createNotification(`notifications/${list}/list_changed`));
  }

  async #respondNotYet(request: AppRequest, reason: string): Promise<void> {
    const login = this.#login.running;
    if (login === undefined || request.method !== 'tools/call') return this.#respondFailure(request, createLoginFirstError());
    const server = await this.#login.getServerName();
    const text = formatInvitation({ login, server, reason, now: this.#context.clock.now() });
    const isError = !isCallOf(logInTool, request.message);
    await this.#respond(request, createToolResult(text, { isError, isStateless: request.isStateless }));
  }

  /** The model calls the next tool at once, so the app gets time to list the tools. Some apps never list them again. */
  async #respondLoggedIn(request: AppRequest): Promise<void> {
    const { clock, signal } = this.#context;
    const pass = (time: number) => clock.sleep(time, signal).catch(() => undefined);
    const isListed = await Promise.race([this.#toolsListed.then(() => true), pass(listingTime).then(() => false)]);
    if (isListed) await pass(adoptionTime);
    await this.#respond(request, createToolResult(loggedIn, { isError: false, isStateless: request.isStateless }));
  }

  /** A tool call gets a result, which the model reads. Anything else gets an error, which the app shows or not. */
  async #respondFailure(request: AppRequest, error: AuthError): Promise<void> {
    const { message, method, isStateless } = request;
    const failure = redactError(error, this.#context.env);
    if (method === 'tools/call') await this.#respond(request, createToolResult(formatFailure(failure), { isError: true, isStateless }));
    else {
      const text = formatWithoutServer(failure, this.#options.target);
      await this.#options.write(createFailureResponse(message.id, failure, text));
    }
  }

  async #respond({ message }: AppRequest, result: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#options.write(createResponse(message.id, result));
  }
}

const notApproved = 'The user has not approved yet.';
const declined = 'The user has declined to log in. Do not ask again unless the user wants it. The login can still be approved:';
const loggedIn =
  'Logged in. The tools of this server can be called now. If your list of tools does not have them, ask the user to start a new session of the app.';

function isCallOf(tool: string, { method, subject }: Message): boolean {
  return method === 'tools/call' && subject === tool;
}

function createLoginFirstError(): AuthError {
  return new AuthError('login_needed', 'This server requires a login.', { hint: `Call the tool ${logInTool}, or run: mcp-auth login` });
}

function createNothingPastedError(): AuthError {
  return new AuthError('nothing_pasted', 'redirect_url is missing.', { hint: 'Pass the whole address that the browser ended on.' });
}

/** The end of a wait; undefined if the time is over. */
function toEnding(outcome: Outcome | undefined): Ending {
  if (outcome === undefined) return { kind: 'notYet', reason: notApproved };
  return outcome.failure === undefined ? { kind: 'loggedIn' } : { kind: 'failed', failure: outcome.failure };
}

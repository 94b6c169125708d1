/**
 * A login in two commands, for callers that cannot wait in between, such as an agent, a chat bot or a CI job. `--start` shows the
 * user what to do and ends; `--finish` reads what the user brings back, in another process, minutes later.
 */
import type { Context } from '../context.js';
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import type { Flow, FlowRequest, FlowState, HeldLogins, Invitation, TwoStepFlow } from '../flows/flow.js';
import { getFlow } from '../flows/index.js';
import { defaultTimeoutSeconds } from '../flows/redirect.js';
import { withTimeLimit } from '../flows/time-limit.js';
import { findDialect } from '../oauth/dialect.js';
import { collectOwnAddresses } from '../oauth/endpoints.js';
import { withAccessTo, withAllowedNetwork } from '../session/server-access.js';
import { attemptFormat, createAttemptId, type AttemptFile } from '../store/attempts.js';
import { findServer, isSameUrl } from '../store/document.js';
import { formatCommand } from '../text/command-line.js';
import { createAgreement, fromStoredAgreement, toStoredAgreement, type Agreement, type StoredAgreement } from './agreement.js';
import { concludeLogin, type LoginResult } from './conclusion.js';
import { obtainConsent } from './consent.js';
import { upgradeAttempt } from './older-attempts.js';
import { prepareLogin, type LoginRequest } from './preparation.js';

export interface StartedLogin extends Invitation {
  /** The id of the attempt, for `--attempt`. */
  readonly attempt: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Whether `--finish` needs the address that the browser ends on; otherwise it waits for approval. */
  readonly needsRedirectUrl: boolean;
}

/** An attempt on disk: the agreement, and the state of the flow. Secret. */
export type StoredAttempt = AttemptFile & StoredAgreement & { readonly state: FlowState };

/**
 * Shows the user what to do, and stores what `finishLogin` needs until it expires.
 *
 * @throws AuthError as `login` does before the user approves.
 */
export async function startLogin(request: LoginRequest, context: Context): Promise<StartedLogin> {
  const { clock, store } = context;
  const prepared = await prepareLogin({ ...request, inTwoSteps: true }, context);
  const attempt = createAttemptId();
  const limited = prepared.context;
  const runFlow = (flow: Flow, asked: FlowRequest) => getTwoSteps(flow).start(asked, limited);
  const { name, timeout, held } = request;
  const consent = await obtainConsent({ ...prepared, name, timeout, held, secondStep: { attempt }, runFlow }, limited);
  const { state, expiresAt, show } = consent.result;
  const file: StoredAttempt = {
    ...toStoredAgreement(createAgreement({ request, prepared, consent })),
    format: attemptFormat,
    attempt,
    started_at: clock.now() / 1000,
    expires_at: Math.floor(expiresAt / 1000),
    state,
  };
  // Reading removes the expired ones.
  await store.readAttempts(clock.now());
  await store.saveAttempt(file);
  await show();
  return { attempt, expiresAt, ...describeStart(consent.flow, state) };
}

export interface FinishRequest {
  /** The name or the URL of the server, if given, and the name for a new server. */
  readonly server?: string;
  readonly name?: string;
  /** Selects one of several attempts. */
  readonly attempt?: string;
  /** What the user pasted as an argument of the command. */
  readonly pastedText?: string;
  /** The limit in seconds that the user has set. */
  readonly timeout?: number;
  /** The logins that this process has started and waits for. */
  readonly held?: HeldLogins;
  /** Milliseconds to wait for another process that finishes the same login; by default an hour. */
  readonly lockTimeout?: number;
}

/**
 * Finishes a login that was started before: the one that the request names, or the one that the pasted address belongs to, or the
 * newest. An attempt can be finished until its login is stored, or it has expired.
 *
 * @throws AuthError `attempt_unknown`, and as `login` does after the user has approved.
 */
export async function finishLogin(request: FinishRequest, context: Context): Promise<LoginResult & { name: string }> {
  await context.store.checkWritable();
  const attempts = await findRunningAttempts(request, context);
  const [newest] = attempts;
  if (newest === undefined) throw createUnknownAttemptError(request);
  const isOnStdin = takesPaste(getFlow(newest.flow)) && context.ui.input === 'lines';
  const pastedText = request.pastedText ?? (isOnStdin ? await readPastedText(request, context) : undefined);
  const attempt = attempts.find((one) => isResponseTo(pastedText, one)) ?? newest;
  const withInput = pastedText === undefined ? context : withPaste(pastedText, context);
  const finish = (spent: () => Promise<void>) => finishAttempt({ attempt, timeout: request.timeout, held: request.held, spent }, withInput);
  const result = await context.store.finishAttempt(attempt, finish, request.lockTimeout);
  if (result === undefined) throw createUnknownAttemptError(request);
  return { ...result, name: attempt.server };
}

async function readPastedText({ timeout = defaultTimeoutSeconds }: FinishRequest, effects: Effects): Promise<string | undefined> {
  return withTimeLimit(timeout, effects, ({ ui, signal }) => ui.paste({ message: '', signal }));
}

function isResponseTo(pastedText: string | undefined, { flow, state }: StoredAttempt): boolean {
  return pastedText !== undefined && getFlow(flow).twoSteps?.isResponseTo?.(pastedText, state) === true;
}

/** The attempts that fit the request and have not expired, the newest first. */
export async function findRunningAttempts(
  { server, name, attempt }: Pick<FinishRequest, 'server' | 'name' | 'attempt'>,
  { store, clock }: Context,
): Promise<StoredAttempt[]> {
  const document = await store.read();
  const all = (await store.readAttempts(clock.now())) as StoredAttempt[];
  return all
    .filter((one) => server === undefined || one.server === server || isSameUrl(one.url, server))
    .filter((one) => name === undefined || one.server === name)
    .filter((one) => attempt === undefined || one.attempt === attempt)
    .map((one) => upgradeAttempt(one, findServer(document, one.server)));
}

interface FinishingAttempt {
  readonly attempt: StoredAttempt;
  readonly timeout: number | undefined;
  readonly held: HeldLogins | undefined;
  /** Removes the attempt, once its code is spent. */
  readonly spent: () => Promise<void>;
}

async function finishAttempt({ attempt, timeout, held, spent }: FinishingAttempt, context: Context): Promise<LoginResult> {
  const agreement = await fromStoredAgreement(attempt);
  const { flow, expandedUrl, headers, settings, allowedNetwork } = agreement;
  const withAccess = await withAccessTo({ url: new URL(expandedUrl), headers, settings }, context);
  const limited = withAllowedNetwork(allowedNetwork, withAccess);
  const request = { ...createFlowRequest(agreement, timeout), held };
  const grant = await getTwoSteps(getFlow(flow)).finish({ request, state: attempt.state }, limited);
  return concludeLogin({ agreement, grant, stored: spent }, context);
}

function createFlowRequest(agreement: Agreement, timeout: number | undefined): FlowRequest {
  const { metadata, client, expandedUrl, settings } = agreement;
  return {
    metadata,
    client,
    dpop: agreement.dpop,
    redirectUri: client.redirect_uris?.[0] ?? '',
    resource: agreement.resource,
    scope: agreement.scope,
    serverName: agreement.name,
    serverHost: new URL(expandedUrl).host,
    dialect: findDialect(metadata.issuer, settings),
    ownAddresses: collectOwnAddresses({ issuer: metadata.issuer, serverUrl: expandedUrl, trusted: settings.trustedEndpoints }),
    isClientReused: false,
    credentials: agreement.credentials,
    timeout,
  };
}

/** `prepareLogin` selects only flows that have two steps. */
function getTwoSteps({ twoSteps, name }: Flow): TwoStepFlow {
  if (twoSteps) return twoSteps;
  throw new AuthError('no_flow', `The flow ${name} cannot be done in two steps.`);
}

/** What the user of a started login has to do. */
export function describeStart(flow: Flow, state: FlowState): Invitation & Pick<StartedLogin, 'needsRedirectUrl'> {
  return { needsRedirectUrl: takesPaste(flow), ...getTwoSteps(flow).readInvitation(state) };
}

/** Whether a login by this flow is finished with the address that the browser ends on. */
export function takesPaste(flow: Flow): boolean {
  return getTwoSteps(flow).isResponseTo !== undefined;
}

/** A context in which the user pastes `text`, once. */
function withPaste(text: string, context: Context): Context {
  const pastes = [text];
  return { ...context, ui: { ...context.ui, input: 'lines', paste: () => Promise.resolve(pastes.shift()) } };
}

function createUnknownAttemptError({ server, name = server, attempt }: FinishRequest): AuthError {
  const ofServer = name === undefined ? 'No login' : `No login to ${name}`;
  const which = attempt === undefined ? ofServer : `No login ${JSON.stringify(attempt)}`;
  return new AuthError('attempt_unknown', `${which} is waiting to be finished. None was started, or it has expired or is finished.`, {
    hint: `Start one with: ${formatCommand`mcp-auth login ${name ?? 'SERVER'} --start`}`,
  });
}

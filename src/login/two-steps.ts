/**
 * A login in two commands, for whoever cannot wait between them: an agent, a chat bot, a CI job. The first shows what the
 * person needs and ends; the second takes what they bring back, in another process, minutes later.
 */
import type { ClientInformation, DpopKey } from '../oauth/client-information.js';
import type { AuthorizationServerMetadata } from '../oauth/authorization-server.js';
import { concludeLogin, type Agreement, type LoginResult } from './conclusion.js';
import { obtainConsent } from './consent.js';
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { Flow, FlowRequest, TwoStepFlow, StartedFlow } from '../flows/flow.js';
import { getFlow } from '../flows/index.js';
import { defaultTimeoutSeconds } from '../flows/redirect.js';
import { withTimeLimit } from '../flows/time-limit.js';
import type { Network } from '../effects.js';
import { createAgreement } from './login.js';
import { withAllowedNetwork } from '../session/renewal.js';
import { findDialect } from '../oauth/dialect.js';
import { collectOwnAddresses } from '../oauth/endpoints.js';
import { importDpop } from '../oauth/dpop.js';
import { readHeaders, withAccessTo } from '../session/server-access.js';
import { prepareLogin, type LoginRequest } from './preparation.js';
import { createAttemptId, type AttemptFile } from '../store/attempts.js';
import { findServer, isSameUrl, type ServerEntry } from '../store/document.js';
import { readSettings, type ServerSettings } from '../store/settings.js';

/** A login that has been started. */
export interface StartedLogin {
  readonly attempt: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Whether it is finished with the address that the browser ends on; otherwise by waiting. */
  readonly needsRedirectUrl: boolean;
}

/** An agreement on disk, with what the flow keeps. Secret. */
interface Kept {
  readonly url: string;
  readonly address: string;
  readonly flow: string;
  readonly verify: boolean;
  /** Absent in one that a version before has started, which had but the next two. */
  readonly settings?: ServerSettings;
  readonly headers?: Readonly<Record<string, string>>;
  readonly trusted_issuer?: string;
  readonly issuer_address?: string;
  readonly network: Network;
  readonly metadata: AuthorizationServerMetadata;
  readonly resource?: string | undefined;
  readonly scope?: string;
  readonly step_ups: number;
  readonly client: ClientInformation;
  readonly forgotten?: string;
  readonly dpop_key?: DpopKey;
  readonly kept: StartedFlow['state'];
}

/**
 * Shows the person what they need, and keeps what the second command needs, for as long as that is of use.
 *
 * @throws AuthError as `login` does until then.
 */
export async function startLogin(request: LoginRequest, context: Context): Promise<StartedLogin> {
  const prepared = await prepareLogin({ ...request, inTwoSteps: true }, context);
  const attempt = createAttemptId();
  const limited = prepared.context;
  const obtain = (flow: Flow, asked: FlowRequest) => halvesOf(flow).start(asked, limited);
  const { name: serverName, timeout } = request;
  const consent = await obtainConsent({ ...prepared, name: serverName, timeout, secondStep: { attempt }, runFlow: obtain }, limited);
  const { state: kept, expiresAt, show } = consent.result;
  const agreement = createAgreement({ request, prepared, consent });
  const {
    name,
    url,
    expandedUrl: address,
    flow,
    verify,
    settings,
    headers,
    metadata,
    resource,
    scope,
    client,
    forgottenClientId: forgotten,
  } = agreement;
  const file: AttemptFile & Kept = {
    ...{ attempt, server: name, started_at: context.clock.now(), expires_at: Math.floor(expiresAt / 1000) },
    ...{ url, address, flow, verify, settings, headers, metadata, resource, scope, client, forgotten, kept },
    network: agreement.allowedNetwork,
    step_ups: agreement.stepUps,
    dpop_key: agreement.dpop?.key,
  };
  // Those that have expired go now.
  await context.store.readAttempts(context.clock.now());
  await context.store.saveAttempt(file);
  await show();
  return { attempt, expiresAt, needsRedirectUrl: halvesOf(consent.flow).isResponseTo !== undefined };
}

export interface FinishRequest {
  /** The server's name or its URL, where it was given, and what a new one is to be called. */
  readonly server?: string;
  readonly name?: string;
  /** Which of several attempts. */
  readonly attempt?: string;
  /** What the person pasted, where it was given with the command. */
  readonly pastedText?: string;
  /** Seconds that the person still has. */
  readonly timeout?: number;
}

/**
 * Finishes a login that was started before: the one that is named, or that the pasted address belongs to, or the newest.
 * It stays open until its login is stored, or it has expired.
 *
 * @throws AuthError `attempt_unknown`, and as `login` does from there on.
 */
export async function finishLogin(request: FinishRequest, context: Context): Promise<LoginResult & { name: string }> {
  await context.store.checkWritable();
  const open = await openAttempts(request, context);
  const [newest] = open;
  if (newest === undefined) throw unknown(request);
  const takesAddress = halvesOf(getFlow(newest.flow)).isResponseTo !== undefined;
  const answer = request.pastedText ?? (takesAddress && context.ui.input === 'lines' ? await readAnswer(request, context) : undefined);
  const attempt = open.find(({ flow, kept }) => answer !== undefined && getFlow(flow).twoSteps?.isResponseTo?.(answer, kept)) ?? newest;
  const result = await context.store.finishAttempt(attempt, (spent) =>
    finish({ attempt, timeout: request.timeout, spent }, answer === undefined ? context : answering(answer, context)),
  );
  if (result === undefined) throw unknown(request);
  return { ...result, name: attempt.server };
}

async function readAnswer({ timeout = defaultTimeoutSeconds }: FinishRequest, context: Context): Promise<string | undefined> {
  return withTimeLimit(timeout, context, ({ ui, signal }) => ui.paste({ message: '', signal }));
}

async function openAttempts({ server, name, attempt }: FinishRequest, { store, clock }: Context): Promise<(AttemptFile & Kept)[]> {
  const all = (await store.readAttempts(clock.now())) as (AttemptFile & Kept)[];
  const fits = (asked: string | undefined, found: boolean) => asked === undefined || found;
  return all.filter(
    (one) =>
      fits(server, one.server === server || isSameUrl(one.url, server ?? '')) &&
      fits(name, one.server === name) &&
      fits(attempt, one.attempt === attempt),
  );
}

async function finish(
  { attempt, timeout, spent }: { attempt: AttemptFile & Kept; timeout: number | undefined; spent: () => Promise<void> },
  context: Context,
): Promise<LoginResult> {
  const { server, url, address, flow, verify, metadata, resource, scope, client, forgotten, kept } = attempt;
  const entry = findServer(await context.store.read(), server);
  const { settings = settingsBefore(attempt, entry), headers = readHeaders(entry) } = attempt;
  const dpop = attempt.dpop_key && (await importDpop(attempt.dpop_key));
  const agreement: Agreement = {
    ...{
      name: server,
      url,
      expandedUrl: address,
      flow,
      verify,
      settings,
      headers,
      metadata,
      resource,
      scope,
      client,
      forgottenClientId: forgotten,
      dpop,
    },
    allowedNetwork: attempt.network,
    stepUps: attempt.step_ups,
    credentials: {},
  };
  const redirectUri = client.redirect_uris?.[0] ?? '';
  const request: FlowRequest = {
    ...{ metadata, client, dpop, redirectUri, resource, scope, timeout },
    serverName: server,
    serverHost: new URL(address).host,
    dialect: findDialect(metadata.issuer, settings),
    places: collectOwnAddresses({ issuer: metadata.issuer, serverUrl: address, trusted: settings.trustedEndpoints }),
    isClientReused: false,
    credentials: {},
  };
  const asItWants = await withAccessTo({ url: new URL(address), headers, settings }, context);
  const grant = await halvesOf(getFlow(flow)).finish({ request, kept }, withAllowedNetwork(attempt.network, asItWants));
  return concludeLogin({ agreement, grant, stored: spent }, context);
}

/** What holds for an attempt that says nothing of settings: what the server has, and the issuer that was trusted then. */
function settingsBefore(
  { trusted_issuer: trustedIssuer, issuer_address: trustedIssuerAt }: Kept,
  entry: ServerEntry | undefined,
): ServerSettings {
  return { ...readSettings(entry), ...(trustedIssuer !== undefined && { trustedIssuer, trustedIssuerAt }) };
}

/** `prepare` lets only such flows through. */
function halvesOf({ twoSteps: halves, name }: Flow): TwoStepFlow {
  if (halves) return halves;
  throw new AuthError('no_flow', `${name} cannot be done in two steps.`);
}

/** A context in which the one thing that is pasted is `answer`. */
function answering(answer: string, context: Context): Context {
  const answers = [answer];
  return { ...context, ui: { ...context.ui, input: 'lines', paste: () => Promise.resolve(answers.shift()) } };
}

function unknown({ server, name = server, attempt }: FinishRequest): AuthError {
  const which = attempt !== undefined ? `No login ${JSON.stringify(attempt)}` : name === undefined ? 'No login' : `No login to ${name}`;
  return new AuthError('attempt_unknown', `${which} waits to be finished: none was started, or it has expired or been finished.`, {
    hint: `Start one with: ${formatCommand`mcp-auth login ${name ?? 'SERVER'} --start`}`,
  });
}

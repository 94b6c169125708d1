/** The flows, in the order in which they are tried. A new flow is a file in this folder, and an entry in the list. */
import { AuthError } from '../errors.js';
import { browser } from './browser.js';
import { clientCredentials } from './client-credentials.js';
import { device } from './device.js';
import { enterprise } from './enterprise.js';
import type { Flow, FlowConditions } from './flow.js';
import { paste } from './paste.js';
import { relay } from './relay.js';
import { workload } from './workload.js';

export const flows: readonly Flow[] = [browser, device, relay, paste, clientCredentials, workload, enterprise];

/**
 * The flows that can run here, best first: all that need the user, or the one named `forced`.
 *
 * @throws AuthError `no_flow` with the reason of each flow if none can run.
 */
export function selectFlows(conditions: FlowConditions, forced: string | undefined): [Flow, ...Flow[]] {
  const wanted = forced === undefined ? listUserFlows(conditions) : flows.filter(({ name }) => name === forced);
  const reasons = wanted.map((flow) => ({ flow, reason: explainUnavailable(flow, conditions, forced !== undefined) }));
  const [first, ...others] = reasons.filter(({ reason }) => reason === undefined).map(({ flow }) => flow);
  if (first) return [first, ...others];
  throw new AuthError('no_flow', `No flow can be used here: ${reasons.map(({ flow, reason }) => `${flow.name}: ${reason}`).join('; ')}.`, {
    hint: hintFor(conditions, forced),
  });
}

/** Whether the first of the flows with a redirect sends the browser to a relay. */
export function isRelayed(chosen: readonly Flow[]): boolean {
  return chosen.find(({ grantType }) => grantType === relay.grantType) === relay;
}

/** The flows that need the user. Most users have no relay, and need not read of it. */
export function listUserFlows({ relay: set }: Pick<FlowConditions, 'relay'>): Flow[] {
  return flows.filter((flow) => !flow.unattended && (flow !== relay || set !== undefined));
}

function hintFor({ metadata }: FlowConditions, forced: string | undefined): string {
  const others = forced === undefined ? '' : ' Or omit --flow to use another flow.';
  if (metadata.code_challenge_methods_supported === undefined && metadata.authorization_endpoint !== undefined) {
    return `If you know that the server supports PKCE, pass --allow-missing-pkce-metadata.${others}`;
  }
  return forced === undefined
    ? 'Only the authorization server can change that. Report it to the people who run it.'
    : 'Omit --flow to use another flow.';
}

/** @param isForced whether `--flow` names this flow, which overrides what is known of the vendor. */
function explainUnavailable(flow: Flow, conditions: FlowConditions, isForced: boolean): string | undefined {
  if (conditions.inTwoSteps && flow.twoSteps === undefined) return 'it cannot be done in two steps';
  const vendorReason = isForced ? undefined : conditions.dialect.unsupportedFlows[flow.name];
  return vendorReason ?? flow.unavailable(conditions);
}

/** Why a browser is or is not opened here. Undefined if the user has decided that, or no user is needed. */
export function explainFlowChoice(flow: Flow, conditions: FlowConditions): string | undefined {
  if (!conditions.browserWanted || conditions.inTwoSteps || flow.unattended) return undefined;
  if (flow === browser) return 'Opening a browser here. With --no-browser, the login can be approved on any other device.';
  return `No browser is opened here: ${browser.unavailable(conditions) ?? 'another flow was requested'}.`;
}

/** @throws AuthError `usage` if no flow has that name. */
export function getFlow(name: string): Flow {
  const flow = flows.find((one) => one.name === name);
  if (flow) return flow;
  throw new AuthError('usage', `${JSON.stringify(name)} is not a flow.`, { hint: `The flows are ${formatFlowNames()}.` });
}

/** The unattended flow that a login was obtained by; undefined for every other login. */
export function findUnattendedFlow(name: string | undefined): Flow | undefined {
  return flows.find((flow) => flow.unattended && flow.name === name);
}

/** The names of the flows, separated by commas. */
export function formatFlowNames(): string {
  return flows.map(({ name }) => name).join(', ');
}

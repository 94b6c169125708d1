/** The flows, in the order in which they are tried. A new one is a file beside this one, and a line here. */
import { AuthError } from '../errors.js';
import { browser } from './browser.js';
import { clientCredentials } from './client-credentials.js';
import { device } from './device.js';
import { enterprise } from './enterprise.js';
import type { Flow, FlowConditions } from './flow.js';
import { paste } from './paste.js';
import { workload } from './workload.js';

export const flows: readonly Flow[] = [browser, device, paste, clientCredentials, workload, enterprise];

/**
 * The flows that can run here, best first: all that ask the person, or the one that `forced` names.
 *
 * @throws AuthError `no_flow` with each flow's own reason when none can run.
 */
export function selectFlows(situation: FlowConditions, forced: string | undefined): [Flow, ...Flow[]] {
  const wanted = forced === undefined ? flows.filter((flow) => !flow.unattended) : flows.filter((flow) => flow.name === forced);
  const reasons = wanted.map((flow) => ({ flow, reason: unavailable(flow, situation, forced !== undefined) }));
  const [first, ...others] = reasons.filter(({ reason }) => reason === undefined).map(({ flow }) => flow);
  if (first) return [first, ...others];
  throw new AuthError('no_flow', `No login is possible: ${reasons.map(({ flow, reason }) => `${flow.name}: ${reason}`).join('; ')}.`, {
    hint: hintFor(situation, forced),
  });
}

function hintFor({ metadata }: FlowConditions, forced: string | undefined): string {
  const others = forced === undefined ? '' : ' Or leave out --flow to use another way.';
  if (metadata.code_challenge_methods_supported === undefined && metadata.authorization_endpoint !== undefined) {
    return `If you know that the server does PKCE all the same, pass --allow-missing-pkce-metadata.${others}`;
  }
  return forced === undefined
    ? 'It is the authorization server that has to change that: tell those who run it.'
    : 'Leave out --flow to use another way.';
}

/** @param isForced the person has asked for this flow by its name, whatever is known of the vendor. */
function unavailable(flow: Flow, situation: FlowConditions, isForced: boolean): string | undefined {
  if (situation.inTwoSteps && flow.twoSteps === undefined) return 'it cannot be done in two steps';
  const ofVendor = isForced ? undefined : situation.dialect.unsupportedFlows[flow.name];
  return ofVendor ?? flow.unavailable(situation);
}

/** Why this flow was chosen, as far as that is about a browser, for a person who did not ask for it; undefined when they did. */
export function explainFlowChoice(flow: Flow, situation: FlowConditions): string | undefined {
  if (!situation.browserWanted || situation.inTwoSteps || flow.unattended) return undefined;
  if (flow === browser) return 'Opening a browser here. With --no-browser, the login can be approved on any other device.';
  return `No browser is opened here: ${browser.unavailable(situation) ?? 'another way was asked for'}.`;
}

/** @throws AuthError `usage` for a name that no flow has. */
export function getFlow(name: string): Flow {
  const flow = flows.find((one) => one.name === name);
  if (flow) return flow;
  throw new AuthError('usage', `There is no flow called ${JSON.stringify(name)}.`, { hint: `The flows are ${formatFlowNames()}.` });
}

/** The flow of a login that was made without a person; undefined for every other login. */
export function findUnattendedFlow(name: string | undefined): Flow | undefined {
  return flows.find((flow) => flow.unattended && flow.name === name);
}

/** The flows' names in a row, for a person. */
export function formatFlowNames(): string {
  return flows.map(({ name }) => name).join(', ');
}

/** The flows, in the order in which they are tried. A new one is a file beside this one, and a line here. */
import { AuthError } from '../errors.js';
import { browser } from './browser.js';
import { device } from './device.js';
import type { Flow, Situation } from './flow.js';
import { paste } from './paste.js';

export const flows: readonly Flow[] = [browser, device, paste];

/**
 * The flows that can run here, best first: all of them, or the one that `forced` names.
 *
 * @throws AuthError `no_flow` with each flow's own reason when none can run.
 */
export function availableFlows(situation: Situation, forced: string | undefined): Flow[] {
  const wanted = forced === undefined ? flows : flows.filter((flow) => flow.name === forced);
  const reasons = wanted.map((flow) => ({ flow, reason: flow.unavailable(situation) }));
  const available = reasons.filter(({ reason }) => reason === undefined).map(({ flow }) => flow);
  if (available.length > 0) return available;
  throw new AuthError('no_flow', `No login is possible: ${reasons.map(({ flow, reason }) => `${flow.name}: ${reason}`).join('; ')}.`, {
    hint: forced === undefined ? 'Whoever runs the authorization server has to change that.' : 'Leave out --flow to use another way.',
  });
}

/** @throws AuthError `usage` for a name that no flow has. */
export function checkFlowName(name: string): string {
  if (flows.some((flow) => flow.name === name)) return name;
  throw new AuthError('usage', `There is no flow called ${JSON.stringify(name)}.`, { hint: `The flows are ${flowNames()}.` });
}

/** The flows' names in a row, for a person. */
export function flowNames(): string {
  return flows.map(({ name }) => name).join(', ');
}

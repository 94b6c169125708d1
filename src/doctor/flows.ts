/** The ways in which a person here could log in. */
import { availableFlows, flows } from '../flows/index.js';
import { fine, warning, type Seen, type Step } from './step.js';

/** Which flows can run here, and in the flows' own words why the others cannot. */
export const ways: Step = {
  name: 'Flow',
  look: ({ discovery, dialect }, { env }) => {
    if (discovery === undefined || dialect === undefined) return undefined;
    const { metadata } = discovery;
    const situation = { metadata, dialect, browserWanted: true, proof: {}, inTwoSteps: false, env };
    // Throws with the reasons where there is none.
    const [first] = availableFlows(situation, undefined);
    return flows.map((flow): Seen => {
      const reason = dialect.refusedFlows[flow.name] ?? flow.unavailable(situation);
      if (reason !== undefined) return warning(`${flow.name} cannot run: ${reason}`);
      if (flow.unattended) return fine(`${flow.name} can run, with --flow ${flow.name} and a client that is known there`);
      return fine(`${flow.name} can run${flow === first ? ', and is the one that is taken' : ''}`);
    });
  },
};

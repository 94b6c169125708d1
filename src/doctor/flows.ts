/** The flows that can run on this machine. */
import { listUserFlows, selectFlows, flows } from '../flows/index.js';
import { fine, warning, type CheckResult, type Check } from './check.js';

/** Which flows can run, and why the others cannot. */
export const usableFlows: Check = {
  name: 'Flow',
  run: async ({ discovery, dialect }, { env, http, preferences }) => {
    if (discovery === undefined || dialect === undefined) return undefined;
    const { metadata } = discovery;
    const { relay: url } = await preferences.read();
    const relay = url === undefined ? undefined : { url, http };
    const conditions = { metadata, dialect, browserWanted: true, credentials: {}, relay, inTwoSteps: false, env };
    // Throws with all reasons if no flow can run.
    const [first] = selectFlows(conditions, undefined);
    const shown = [...listUserFlows(conditions), ...flows.filter(({ unattended }) => unattended)];
    return shown.map((flow): CheckResult => {
      const reason = dialect.unsupportedFlows[flow.name] ?? flow.unavailable(conditions);
      if (reason !== undefined) return warning(`${flow.name} cannot run: ${reason}`);
      if (flow.unattended) return fine(`${flow.name} can run with --flow ${flow.name} and a client that is registered there`);
      return fine(`${flow.name} can run${flow === first ? ' (default)' : ''}`);
    });
  },
};

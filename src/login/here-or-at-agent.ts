/** A login on this machine and one at an agent at the same time. The first that succeeds wins, and ends the other. */
import { abortable } from '../abortable.js';
import type { KnownAgent } from '../agent-client/agent.js';
import { requestLogin, type LoginAtAgent } from '../agent-client/login.js';
import type { Context } from '../context.js';
import { toAuthError } from '../errors.js';
import { race } from '../flows/race.js';
import { login, type LoginRequest, type LoginResult } from './login.js';

interface Contest {
  readonly agent: KnownAgent;
  readonly request: LoginRequest;
  /** The server as the agent is asked for it: by its URL, or by its name there. */
  readonly wanted: string;
  /** The name that the user has chosen for a new server. */
  readonly name: string | undefined;
}

/** @throws the error of the login on this machine if both fail. */
export async function loginHereOrAtAgent(
  { agent, request, wanted: server, name }: Contest,
  context: Context,
): Promise<{ readonly here: LoginResult } | { readonly there: LoginAtAgent }> {
  const { ui } = context;
  const { machine } = agent;
  const { scope } = request.newSettings;
  let isAsked = (): void => undefined;
  // What the agent does is told first: the login here then waits for the user.
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  let failed = 0;
  let ownFailure: unknown;
  /** Of two, the first failure does not end the race. */
  const outlive = async (error: unknown, signal: AbortSignal, describe: (message: string) => string): Promise<never> => {
    failed += 1;
    if (signal.aborted) throw error;
    if (failed === 2) {
      // The error of this machine is reported, and the other one too.
      if (error !== ownFailure) ui.warn(toAuthError(error).message);
      throw ownFailure;
    }
    ui.warn(describe(toAuthError(error).message));
    return abortable<never>(signal, () => undefined);
  };
  const onProgress = (event: 'agent_asking' | 'agent_approving', server: string) => {
    ui.event({ event, agent: machine, server });
    if (event === 'agent_asking') ui.say(`The agent on ${machine} asks its user about this login. Allow it there, or log in here:`);
    else ui.say(`The browser on ${machine} is open for this login. Approve it there, or here.`);
    isAsked();
  };
  return race<{ readonly here: LoginResult } | { readonly there: LoginAtAgent }>(context, (join) => {
    join(async ({ signal }) => {
      try {
        const wanted = { agent, server, name, scope: typeof scope === 'string' ? scope : undefined, onProgress };
        return { there: await requestLogin(wanted, { ...context, signal }) };
      } catch (error) {
        isAsked();
        return outlive(error, signal, (message) => `${message} Log in here.`);
      }
    });
    join(async ({ signal }) => {
      try {
        await Promise.race([asked, abortable(signal, () => undefined)]);
        return { here: await login(request, { ...context, signal }) };
      } catch (error) {
        ownFailure = error;
        return outlive(error, signal, (message) => `No login on this machine: ${message} The agent on ${machine} still waits.`);
      }
    });
  });
}

/** Renewals by the agent of the store, where one runs: it outlives this process anyway, so that no other has to be started. */
import type { Agents, Refresher } from '../effects.js';
import type { RefresherMessage, RenewalRequest } from '../session/refresher-messages.js';

/** Milliseconds that the agent may take to accept a renewal. */
const acceptTimeout = 5_000;

/** A refresher that asks the agent of the store, and `other` if none runs or it does not accept. */
export function createAgentRefresher(agents: Agents | undefined, other: Refresher): Refresher {
  if (agents === undefined) return other;
  return {
    start: async (request, options) => {
      if (!(await renewByAgent(agents, request as RenewalRequest, options))) await other.start(request, options);
    },
  };
}

/** False if the agent has not accepted the renewal. @throws the reason of the signal. */
async function renewByAgent(
  agents: Agents,
  request: RenewalRequest,
  { take, signal }: Parameters<Refresher['start']>[1],
): Promise<boolean> {
  const socket = agents.findOwnerSocket(request.store);
  if (!agents.isThere(socket)) return false;
  const asked = {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) },
    ...{ signal, timeout: acceptTimeout },
  };
  const response = await agents.open(socket, '/v1/renewals', asked).catch(() => undefined);
  signal.throwIfAborted();
  if (response === undefined) return false;
  // Loaded only here: the fast path includes this file.
  const { readEventLines } = await import('../agent-client/event-lines.js');
  const stop = () => response.body.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let isAccepted = false;
  if (response.status === 200) {
    for await (const message of readEventLines(response)) {
      if ((message as unknown as RefresherMessage).is === 'started') isAccepted = true;
      if (take(message)) break;
    }
  } else response.body.resume();
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  return isAccepted;
}

/** A name may be given to another server while the other side uses it. */
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { formatUrlFor, type AdmittedServer, type Gate } from './gate.js';

/** A message for one server must not go to another that has its name by now. @throws AuthError `agent_refused` */
export function checkSeenUrl(seen: string | string[] | undefined, { server, gate }: { server: AdmittedServer; gate: Gate }): void {
  if (seen === undefined || seen === encodeURIComponent(formatUrlFor(gate, server.url))) return;
  throw createMovedError(server.name);
}

export function createMovedError(name: string): AuthError {
  return new AuthError('agent_refused', `${quote(name)} is another server by now.`);
}

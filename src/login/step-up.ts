/** Step-up, requesting more scopes: MCP authorization 2025-11-25, "Step-Up Authorization Flow"; RFC 6750 section 3.1 `insufficient_scope`. */
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { Challenge } from '../oauth/challenge.js';
import type { Login } from '../store/login.js';

/** How many consecutive step-ups may request no new scope before the user is no longer sent to approve. */
const maxRepeats = 1;

export interface StepUp {
  /** The scopes of the previous login, which the new request must include; undefined without a login. */
  readonly previousScope: string | undefined;
  /** How many consecutive step-ups requested no new scope. Stored with the new login. */
  readonly repeats: number;
}

/**
 * Checks that a challenge is worth another login.
 *
 * @throws AuthError `step_up_exhausted` if the server keeps requesting scopes that the token already has.
 */
export function checkStepUp({ name, login, challenge }: { name: string; login: Login | undefined; challenge: Challenge }): StepUp {
  const previous = new Set(`${login?.requestedScope ?? ''} ${login?.scope ?? ''}`.split(' ').filter(Boolean));
  const requested = (challenge.scope ?? '').split(' ').filter(Boolean);
  // A challenge for an invalid token is not a step-up, and requests no scope.
  const isStepUp = requested.length > 0 || challenge.error === 'insufficient_scope';
  const repeats = isStepUp && requested.every((scope) => previous.has(scope)) ? (login?.stepUps ?? 0) + 1 : 0;
  if (repeats > maxRepeats) {
    throw new AuthError(
      'step_up_exhausted',
      `${name} keeps requesting scopes that were already granted: ${JSON.stringify(requested.join(' '))}.`,
      {
        hint: `Your account may not have the permission for them. To log in again: ${formatCommand`mcp-auth login ${name}`}`,
      },
    );
  }
  return { previousScope: previous.size > 0 ? [...previous].join(' ') : undefined, repeats };
}

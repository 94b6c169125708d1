/** Asking for more: MCP authorization 2025-11-25, "Step-Up Authorization Flow"; RFC 6750 section 3.1 `insufficient_scope`. */
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import type { Challenge } from '../oauth/challenge.js';
import type { Login } from '../store/login.js';

/** How many logins in a row may ask for nothing new before we stop sending the person to approve. */
const mostRepeats = 1;

export interface StepUp {
  /** What was asked for before, which the new request has to hold too; undefined without a login. */
  readonly previousScope: string | undefined;
  /** To be remembered with the new login. */
  readonly repeats: number;
}

/**
 * Whether a challenge is worth another login, and what that has to ask for besides.
 *
 * @throws AuthError `step_up_exhausted` when the server keeps asking for what it has been given.
 */
export function checkStepUp({ name, login, challenge }: { name: string; login: Login | undefined; challenge: Challenge }): StepUp {
  const asked = new Set(`${login?.requestedScope ?? ''} ${login?.scope ?? ''}`.split(' ').filter(Boolean));
  const wanted = (challenge.scope ?? '').split(' ').filter(Boolean);
  // A token that has become invalid is no step-up, and asks for nothing.
  const isStepUp = wanted.length > 0 || challenge.error === 'insufficient_scope';
  const repeats = isStepUp && wanted.every((scope) => asked.has(scope)) ? (login?.stepUps ?? 0) + 1 : 0;
  if (repeats > mostRepeats) {
    throw new AuthError(
      'step_up_exhausted',
      `${name} keeps asking for scopes that it has been given: ${JSON.stringify(wanted.join(' '))}.`,
      {
        hint: `Your account may lack the right to them. ${formatCommand`mcp-auth login ${name}`} starts afresh.`,
      },
    );
  }
  return { previousScope: asked.size > 0 ? [...asked].join(' ') : undefined, repeats };
}

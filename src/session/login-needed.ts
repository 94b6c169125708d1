import { AuthError } from '../errors.js';
import { formatCommand } from '../text/command-line.js';

/**
 * An AuthError `login_needed`, with the command that logs in again as its hint.
 *
 * @param problem a sentence without its full stop.
 */
export function createLoginNeededError(name: string, problem: string): AuthError {
  return new AuthError('login_needed', `${problem}.`, { hint: `Run: ${formatCommand`mcp-auth login ${name}`}` });
}

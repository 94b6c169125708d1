/** The errors of a sealed store. None of them contains a secret. */
import { AuthError } from '../../errors.js';
import { formatCommand } from '../../text/command-line.js';

/** Something sealed was changed, moved, or is no longer sealed. */
export function createSealBrokenError(message: string, hint: string): AuthError {
  return new AuthError('seal_broken', message, { hint });
}

/** The login or the headers of one server cannot be opened, though the seal can. */
export function createBrokenServerError(name: string): AuthError {
  return createSealBrokenError(
    `What is sealed for ${name} cannot be opened: another program has changed its URL, its authorization server or the sealed text.`,
    `If you have changed the URL yourself, log in again: ${formatCommand`mcp-auth login ${name}`}     Otherwise check ${name} in the store.`,
  );
}

/** @param place where a backup has it. */
export function createUnknownSealError(place: string): AuthError {
  return createSealBrokenError(
    'The store has sealed logins but no seal, and this machine does not know which seal it had.',
    `Restore the ${place} from a backup.`,
  );
}

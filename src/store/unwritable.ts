import { AuthError } from '../errors.js';

/** The error for a folder or file that cannot be written, with the system's own code. */
export function createUnwritableError(where: string, error: unknown): AuthError {
  const code = (error as NodeJS.ErrnoException).code;
  return new AuthError('store_unwritable', `The store cannot be written: ${where}${code ? ` (${code})` : ''}.`, {
    hint: 'Make the folder writable (into a container, mount the folder, not the file), or name another file with --store FILE or MCP_AUTH_STORE.',
    cause: error,
  });
}

import { AuthError } from '../errors.js';

/** The `store_unwritable` error for a folder or file, with the system's own code. */
export function createUnwritableError(where: string, error: unknown): AuthError {
  const code = (error as NodeJS.ErrnoException).code;
  return new AuthError('store_unwritable', `The store cannot be written: ${where}${code ? ` (${code})` : ''}.`, {
    hint: 'Make the folder writable (into a container, mount the folder, not the file), or use another file with --store FILE or MCP_AUTH_STORE.',
    cause: error,
  });
}

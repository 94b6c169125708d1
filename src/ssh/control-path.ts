/** The control socket of ssh, in a folder that only this user can enter. */
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.js';
import { AuthError, getSystemCode } from '../errors.js';
import { maxSocketPath } from './socket-path.js';

/** ssh binds the socket under a name with `.` and 16 random characters at its end. */
const randomSuffix = 17;

export interface ControlPath {
  readonly control: string;
  /** Removes the folder. */
  remove(): void;
}

/** The path of a control socket in a new folder. Throws `file_unwritable`. */
export function createControlPath({ env: { variables } }: Pick<Context, 'env'>): ControlPath {
  // ssh expands `%` and `${` in the path.
  const isUsable = (folder: string | undefined) => folder !== undefined && /^\/[\w./+-]*$/.test(folder);
  const parents = [variables['XDG_RUNTIME_DIR'], variables['TMPDIR'], '/tmp'].filter((folder) => isUsable(folder)) as string[];
  let failure: unknown;
  for (const parent of parents) {
    const prefix = path.join(parent, 'mcp-auth-');
    if (path.join(`${prefix}XXXXXX`, 'ssh').length + randomSuffix >= maxSocketPath) continue;
    try {
      const folder = mkdtempSync(prefix);
      return { control: path.join(folder, 'ssh'), remove: () => rmSync(folder, { recursive: true, force: true }) };
    } catch (error) {
      failure = error;
    }
  }
  throw new AuthError(
    'file_unwritable',
    `No temporary folder for the connection of ssh can be created (${getSystemCode(failure ?? {})}).`,
    {
      hint: 'Set TMPDIR to a writable folder with a short path.',
      cause: failure,
    },
  );
}

/** The home and working folders. Either may be missing: containers run processes of users without an account or a home. */
import os from 'node:os';
import path from 'node:path';

interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/**
 * The home folder of this process's user: from the environment, or else from the system's list of users. Undefined if neither
 * has one. An empty variable counts as not set.
 */
export function findHomeFolder({ variables, platform }: Environment): string | undefined {
  const named = platform === 'win32' ? variables['USERPROFILE'] : variables['HOME'];
  return named === undefined || named === '' ? readListedHome() : named;
}

/** The folder that the command was started in; the root if it has been removed since. */
export function findWorkingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return path.parse(process.execPath).root;
  }
}

/** Undefined for a user without an entry in the system's list, as in OpenShift. */
function readListedHome(): string | undefined {
  try {
    return os.userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

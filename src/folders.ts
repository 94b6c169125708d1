/** Folders that a machine need not have: containers run processes of users that nobody has made, without a home. */
import os from 'node:os';
import path from 'node:path';

interface Surroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/**
 * The home folder of this process's user: by the environment, else by the system's list of users. Undefined where neither
 * knows one. A variable that is empty says nothing.
 */
export function findHomeFolder({ variables, platform }: Surroundings): string | undefined {
  const named = platform === 'win32' ? variables['USERPROFILE'] : variables['HOME'];
  return named === undefined || named === '' ? listedHome() : named;
}

/** The folder that the command was typed in; the root where that has been removed since. */
export function findWorkingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return path.parse(process.execPath).root;
  }
}

/** Undefined for a user without an entry, as OpenShift's are. */
function listedHome(): string | undefined {
  try {
    return os.userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

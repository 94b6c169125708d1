/** Programs of the system that some tests of the built command need. CI installs them, and fails if one is missing. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe } from 'vitest';

/** Each program, with the Debian package that has it. */
const packages = {
  tmux: 'tmux',
  ssh: 'openssh-client',
  sshd: 'openssh-server',
  bwrap: 'bubblewrap',
  chromium: 'chromium',
  fish: 'fish',
  zsh: 'zsh',
  mandoc: 'mandoc',
  openssl: 'openssl',
  'redis-server': 'redis-server',
  nginx: 'nginx',
  postgres: 'postgresql',
  psql: 'postgresql-client',
} as const;

/** The path of a program; undefined if it is not installed. */
export function installed(program: keyof typeof packages): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin', ...findPostgresFolders()];
  return folders.map((folder) => path.join(folder, program)).find((file) => existsSync(file));
}

/** Debian keeps the server's programs out of PATH, in a folder for each version: the newest first. */
function findPostgresFolders(): string[] {
  const parent = '/usr/lib/postgresql';
  if (!existsSync(parent)) return [];
  const versions = readdirSync(parent).sort((one, other) => Number(other) - Number(one));
  return versions.map((version) => path.join(parent, version, 'bin'));
}

/** `describe` for tests that need `program`. If it is missing they are skipped, and their name says why. */
export function describeWith(program: keyof typeof packages, name: string, tests: (file: string) => void): void {
  const file = installed(program);
  if (file !== undefined) describe(name, () => tests(file));
  else if (process.env['CI']) throw new Error(`${program} is not installed, which CI does`);
  else describe.skip(`${name} (skipped: ${program} is not installed; Debian has it as ${packages[program]})`, () => tests(program));
}

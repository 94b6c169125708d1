/** Programs of the system that some tests of the built command need. CI installs them, and fails if one is missing. */
import { existsSync } from 'node:fs';
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
} as const;

/** The path of a program; undefined if it is not installed. */
export function installed(program: keyof typeof packages): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, program)).find((file) => existsSync(file));
}

/** `describe` for tests that need `program`. If it is missing they are skipped, and their name says why. */
export function describeWith(program: keyof typeof packages, name: string, tests: (file: string) => void): void {
  const file = installed(program);
  if (file !== undefined) describe(name, () => tests(file));
  else if (process.env['CI']) throw new Error(`${program} is not installed, which CI does`);
  else describe.skip(`${name} (skipped: ${program} is not installed; Debian has it as ${packages[program]})`, () => tests(program));
}

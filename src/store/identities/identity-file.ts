/** Identities in files: named by a variable or a preference, or given by systemd. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import path from 'node:path';
import { getSystemCode } from '../../errors.js';
import { findUntrustedOwner, isTrustedOwner } from '../file-owner.js';
import type { Identity, IdentityMachine, IdentitySource } from './source.js';
import { createSourceError, createTextIdentity, maxIdentityLength } from './text-identity.js';

export const fileVariable: IdentitySource = {
  name: 'MCP_AUTH_IDENTITY_FILE',
  summary: 'the path of an age identity file',
  find: (machine) => {
    const { MCP_AUTH_IDENTITY_FILE: file } = machine.env.variables;
    return Promise.resolve(file ? createFileIdentity(file, 'MCP_AUTH_IDENTITY_FILE', machine) : undefined);
  },
};

export const filePreference: IdentitySource = {
  name: 'mcp-auth config identity-file',
  summary: 'the same, in the preferences',
  find: async (machine) => {
    const { 'identity-file': file } = await machine.preferences.read();
    return file === undefined ? undefined : createFileIdentity(file, 'the preference identity-file', machine);
  },
};

/** systemd.exec(5), "CREDENTIALS": a file that only the service can read, decrypted by the TPM if it was encrypted for it. */
export const systemdCredential: IdentitySource = {
  name: '$CREDENTIALS_DIRECTORY/mcp-auth.identity',
  summary: 'a credential of systemd (LoadCredential=, LoadCredentialEncrypted=)',
  find: (machine) => {
    const { CREDENTIALS_DIRECTORY: folder } = machine.env.variables;
    const file = folder ? path.join(folder, 'mcp-auth.identity') : undefined;
    const isThere = file !== undefined && machine.env.exists(file);
    return Promise.resolve(isThere ? createFileIdentity(file, 'a credential of systemd', machine) : undefined);
  },
};

/** @param origin says who named the file. */
function createFileIdentity(named: string, origin: string, { warn }: IdentityMachine): Identity {
  const file = path.resolve(named);
  const what = `The identity file ${file} (${origin})`;
  return createTextIdentity(what, () => Promise.resolve(readIdentityFile(file, { what, warn })));
}

interface FileNames {
  readonly what: string;
  readonly warn: (sentence: string) => void;
}

/** @throws AuthError `identity_needed` */
function readIdentityFile(file: string, { what, warn }: FileNames): string {
  let descriptor: number | undefined;
  try {
    // O_NONBLOCK: opening a pipe of another user would wait for its writer.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK || 0));
    const stats = fstatSync(descriptor);
    checkOwner(file, what, stats);
    if (stats.isDirectory() || stats.size > maxIdentityLength) {
      throw createSourceError(what, 'is not an identity file', { hint: 'Name the file that age-keygen has written.' });
    }
    if (stats.isFile() && process.platform !== 'win32' && (stats.mode & getForbiddenMode(stats)) !== 0) {
      warn(`${file} can be read by other users of this machine. Run: chmod 600 ${file}`);
    }
    return stats.isFIFO() ? readFileSync(file, 'utf8') : readFileSync(descriptor, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const hint = 'Check that file and its permissions, or configure another: see docs/sealed.md';
    throw createSourceError(what, `cannot be read (${getSystemCode(error)})`, { hint, cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Kubernetes mounts a secret for another user than root as a file of root that a group may read: that of the pod (`fsGroup`). */
function getForbiddenMode({ uid }: Stats): number {
  return uid === 0 && process.getuid?.() !== 0 ? 0o037 : 0o077;
}

/** Another user could make this user seal secrets to an identity of theirs. */
function checkOwner(file: string, what: string, { uid }: Stats): void {
  const other = isTrustedOwner(uid) ? findUntrustedOwner(file) : uid;
  if (other !== undefined) throw createSourceError(what, `belongs to another user (uid ${other})`, { hint: 'Use a file of your own.' });
}

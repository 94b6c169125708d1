/**
 * The user's preferences for every login: a small file without secrets, which may be edited by hand.
 *
 * `conf` writes it. Reading is done here, for three reasons: every login reads the preferences, and loading `conf` takes 65 ms;
 * `conf` creates the folder when it reads, follows any symbolic link and waits for a pipe; and its error for broken JSON would
 * quote the file.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { AuthError, getSystemCode } from '../errors.js';
import { decodeText, saveAsUtf8Hint, stripByteOrderMark } from '../text/file-text.js';
import { isObject } from '../text/json.js';
import { findUntrustedOwner } from './file-owner.js';

/** By the names that `mcp-auth config` takes. */
export interface PreferenceValues {
  /** The URL of the client ID metadata document to use with authorization servers that support such documents. */
  readonly 'client-metadata-url'?: string;
  /** The origin of the relay that authorization responses come back to. */
  readonly relay?: string;
  /** The file of the age identity that opens sealed stores. */
  readonly 'identity-file'?: string;
  /** The command that prints it. */
  readonly 'identity-command'?: string;
}

export type PreferenceName = keyof PreferenceValues;

export interface Preferences {
  /** Undefined if there is no place for the file. */
  readonly path: string | undefined;
  /** The preferences that are set. A value that is not a string counts as not set. Throws `preferences_invalid`. */
  read(): Promise<PreferenceValues>;
  /** Sets a preference, or removes it if `value` is undefined. Throws `preferences_invalid` or `store_unwritable`. */
  write(name: PreferenceName, value: string | undefined): Promise<void>;
}

/** The preferences in a file, which need not exist. Does nothing until it is used; reading creates no folder. */
export function openPreferences(file: string | undefined): Preferences {
  return {
    path: file,
    read: async () => {
      const stored = file === undefined ? {} : await readObject(file);
      return Object.fromEntries(Object.entries(stored).filter(([, value]) => typeof value === 'string'));
    },
    write: async (name, value) => {
      if (file === undefined)
        throw createUnwritableError('There is no place for the preferences: this process has no home folder (HOME is not set).');
      // Checks the file's owner and content, which `conf` does not.
      await readObject(file);
      const { default: Conf } = await import('conf');
      const { dir, name: configName, ext } = path.parse(file);
      try {
        const conf = new Conf({
          cwd: dir,
          configName,
          fileExtension: ext.slice(1),
          accessPropertiesByDotNotation: false,
          deserialize: (text) => JSON.parse(stripByteOrderMark(text)) as Record<string, unknown>,
        });
        if (value === undefined) conf.delete(name);
        else conf.set(name, value);
      } catch (error) {
        throw createUnwritableError(`The preferences cannot be written: ${file} (${getSystemCode(error)}).`, error);
      }
    },
  };
}

/** The object in the file; empty if the file does not exist or cannot be read. */
async function readObject(file: string): Promise<Record<string, unknown>> {
  const untrusted = findUntrustedOwnerIfReadable(file);
  if (untrusted !== undefined) {
    throw new AuthError('preferences_invalid', `The preferences ${file} belong to another user (uid ${untrusted}).`, {
      hint: 'Use your own copy of them, or another file with MCP_AUTH_PREFERENCES.',
    });
  }
  const text = decodeText((await readRegularFile(file)) ?? Buffer.from('{}'));
  if (text === undefined) throw new AuthError('preferences_invalid', `The preferences ${file} are in UTF-16.`, { hint: saveAsUtf8Hint });
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // The error below does not quote the file.
  }
  throw new AuthError('preferences_invalid', `The preferences ${file} are not a JSON object.`, {
    hint: 'Fix that file, or delete it.',
  });
}

/** Undefined also for a path that cannot be checked. */
function findUntrustedOwnerIfReadable(file: string): number | undefined {
  try {
    return findUntrustedOwner(file);
  } catch {
    return undefined;
  }
}

/** Undefined if the file cannot be read or is not a regular file: reading a pipe would wait for its writer. */
async function readRegularFile(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK || 0)).catch(() => undefined);
  try {
    return handle && (await handle.stat()).isFile() ? await handle.readFile() : undefined;
  } finally {
    await handle?.close();
  }
}

function createUnwritableError(sentence: string, cause?: unknown): AuthError {
  return new AuthError('store_unwritable', sentence, {
    hint: 'Set HOME to a writable folder, or name the file with MCP_AUTH_PREFERENCES.',
    cause,
  });
}

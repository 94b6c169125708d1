/** What the person wants every time: a small file of its own, which holds no secret and may be edited by hand. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { AuthError } from '../errors.js';
import { saveAsUtf8Hint, decodeText, stripByteOrderMark } from '../text/file-text.js';
import { isObject } from '../text/json.js';
import { findUntrustedOwner } from './file-owner.js';

/** By the names that `mcp-auth config` takes. */
export interface PreferenceValues {
  /** The client-ID metadata document to be known by, where an authorization server reads such documents. */
  readonly 'client-metadata-url'?: string;
}

export type PreferenceName = keyof PreferenceValues;

export interface Preferences {
  /** Undefined where there is no place for them. */
  readonly path: string | undefined;
  /** What is set; what is no text counts as not set. */
  read(): Promise<PreferenceValues>;
  /** Sets a preference, or takes it back with undefined. */
  write(name: PreferenceName, value: string | undefined): Promise<void>;
}

/** The preferences in `file`, which need not exist, as a place for it need not. Touches nothing until it is used, and reading makes no folder. */
export function openPreferences(file: string | undefined): Preferences {
  return {
    path: file,
    read: async () => {
      const stored = file === undefined ? {} : await readObject(file);
      return Object.fromEntries(Object.entries(stored).filter(([, value]) => typeof value === 'string'));
    },
    write: async (name, value) => {
      if (file === undefined) throw unwritable('There is no place for the preferences: this process has no home folder (HOME is not set).');
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
        const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
        throw unwritable(`The preferences cannot be written: ${file} (${code}).`, error);
      }
    },
  };
}

/** Undefined too for what cannot be looked at. */
function strangerOf(file: string): number | undefined {
  try {
    return findUntrustedOwner(file);
  } catch {
    return undefined;
  }
}

/** Undefined for what cannot be read, or is no file: a pipe would be waited for. */
async function readRegular(file: string): Promise<Buffer | undefined> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK || 0)).catch(() => undefined);
  try {
    return handle && (await handle.stat()).isFile() ? await handle.readFile() : undefined;
  } finally {
    await handle?.close();
  }
}

/** What the file holds. One that is not there, or not for us to read, prefers nothing. */
async function readObject(file: string): Promise<Record<string, unknown>> {
  const stranger = strangerOf(file);
  if (stranger !== undefined) {
    throw new AuthError('preferences_invalid', `The preferences ${file} belong to another user (uid ${stranger}).`, {
      hint: 'Take a copy that is your own, or name another file with MCP_AUTH_PREFERENCES.',
    });
  }
  const text = decodeText((await readRegular(file)) ?? Buffer.from('{}'));
  if (text === undefined) throw new AuthError('preferences_invalid', `The preferences ${file} are in UTF-16.`, { hint: saveAsUtf8Hint });
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below, without quoting the file.
  }
  throw new AuthError('preferences_invalid', `The preferences ${file} are not a JSON object.`, {
    hint: 'Correct that file, or remove it.',
  });
}

function unwritable(sentence: string, cause?: unknown): AuthError {
  return new AuthError('store_unwritable', sentence, {
    hint: 'Set HOME to a folder that can be written, or name the file with MCP_AUTH_PREFERENCES.',
    cause,
  });
}

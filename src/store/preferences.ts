/** What the person wants every time: a small file of its own, which holds no secret and may be edited by hand. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AuthError } from '../errors.js';
import { isObject } from '../json.js';
import { unwritable } from './unwritable.js';

/** By the names that `mcp-auth config` takes. */
export interface PreferenceValues {
  /** The client-ID metadata document to be known by, where an authorization server reads such documents. */
  readonly 'client-metadata-url'?: string;
}

export type PreferenceName = keyof PreferenceValues;

export interface Preferences {
  readonly path: string;
  /** What is set; what is no text counts as not set. */
  read(): Promise<PreferenceValues>;
  /** Sets a preference, or takes it back with undefined. */
  write(name: PreferenceName, value: string | undefined): Promise<void>;
}

/** The preferences in `file`, which need not exist. Touches nothing until it is used, and reading makes no folder. */
export function openPreferences(file: string): Preferences {
  return {
    path: file,
    read: async () => {
      const stored = await readObject(file);
      return Object.fromEntries(Object.entries(stored).filter(([, value]) => typeof value === 'string'));
    },
    write: async (name, value) => {
      await readObject(file);
      const { default: Conf } = await import('conf');
      const { dir, name: configName, ext } = path.parse(file);
      try {
        const conf = new Conf({ cwd: dir, configName, fileExtension: ext.slice(1), accessPropertiesByDotNotation: false });
        if (value === undefined) conf.delete(name);
        else conf.set(name, value);
      } catch (error) {
        throw unwritable(file, error);
      }
    },
  };
}

/** What the file holds. One that is not there, or not for us to read, prefers nothing. */
async function readObject(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
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

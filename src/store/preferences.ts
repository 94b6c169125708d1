/** What the person wants every time: a small file of its own, which holds no secret and may be edited by hand. */
import path from 'node:path';
import { AuthError } from '../errors.js';
import { isObject } from '../json.js';
import { unwritable } from './lock.js';

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

/** The preferences in `file`, which need not exist. Touches nothing until it is used. */
export function openPreferences(file: string): Preferences {
  const open = async () => {
    const { default: Conf } = await import('conf');
    const { dir, name, ext } = path.parse(file);
    try {
      return new Conf<Record<string, unknown>>({
        cwd: dir,
        configName: name,
        fileExtension: ext.slice(1),
        accessPropertiesByDotNotation: false,
      });
    } catch (error) {
      throw new AuthError('preferences_invalid', `The preferences ${file} cannot be read.`, {
        hint: 'Correct that file, or remove it.',
        cause: error,
      });
    }
  };
  return {
    path: file,
    read: async () => {
      const stored: unknown = (await open()).store;
      return Object.fromEntries(Object.entries(isObject(stored) ? stored : {}).filter(([, value]) => typeof value === 'string'));
    },
    write: async (name, value) => {
      const conf = await open();
      try {
        if (value === undefined) conf.delete(name);
        else conf.set(name, value);
      } catch (error) {
        throw unwritable(file, error);
      }
    },
  };
}

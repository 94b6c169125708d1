/** Where the files of apps are, and whether one of them is the store. */
import path from 'node:path';
import type { App, AppEnvironment } from '../apps/app.js';
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { findHomeFolder } from '../folders.js';

/** Stands for the missing home folder of a process, as in Debian. Nothing exists below it, and nothing is written there. */
const noHome = path.resolve('/nonexistent');

/**
 * Where an app looks for its files: home folder, working folder, platform, environment variables, and what its other files say.
 * The text of a file that cannot be read is empty.
 */
export async function readAppEnvironment(app: App, { env, files }: Pick<Context, 'env' | 'files'>): Promise<AppEnvironment> {
  const place = toAppEnvironment({ env });
  const deciding = app.pathsDependOn?.(place) ?? [];
  const read = await Promise.all(deciding.map(async (file) => ({ file, text: await files.readIfThere(file).catch(() => '') })));
  return { ...place, texts: new Map(read.flatMap(({ file, text }) => (text === undefined ? [] : [[file, text] as const]))) };
}

/** The user's configuration file of an app and that of the project, as far as it has them. */
export function listConfigFiles(app: App, place: AppEnvironment): string[] {
  const files = [app.configPath(place, false), app.configPath(place, true)].filter((file) => file !== undefined);
  return [...new Set(files)];
}

function toAppEnvironment({ env }: Pick<Context, 'env'>): AppEnvironment {
  const { platform, variables } = env;
  // HOME goes first on Windows too: an app that runs in a Unix shell uses it.
  const { HOME: named } = variables;
  const home = named === undefined || named === '' ? findHomeFolder(env) : named;
  return { home: home ?? noHome, folder: env.folder, platform, variables, texts: new Map() };
}

/** @throws AuthError `file_unwritable` for a file below the home folder of a process that has none. */
export function checkHasHome(file: string): void {
  if (!file.startsWith(noHome + path.sep)) return;
  throw new AuthError('file_unwritable', 'The app keeps its configuration in the home folder, but this process has no home folder.', {
    hint: 'Set HOME to the home folder of the user who runs the app.',
  });
}

/** Whether an app keeps its servers under the same key as a store. */
export function canReadStore({ servers: keys }: App): boolean {
  return keys.join('.') === 'mcpServers';
}

/** Whether `file` is the store. False if this process has no folder for a store. */
export async function isStore(file: string, { files, store }: Pick<Context, 'files' | 'store'>): Promise<boolean> {
  try {
    return await files.isSame(file, store.path);
  } catch (error) {
    if (hasCode(error, 'store_unreadable')) return false;
    throw error;
  }
}

/** The path of this program, by which its entries in an app's file are recognised. */
export function getProgramPath({ env }: Pick<Context, 'env'>): string {
  return env.program.at(-1) ?? '';
}

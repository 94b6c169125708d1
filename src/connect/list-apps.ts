/** Lists the apps on this machine and their servers. */
import type { App } from '../apps/app.js';
import { readServers, type AppServer } from '../apps/configuration.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { canReadStore, getProgramPath, isStore, listConfigFiles, readAppEnvironment } from './app-files.js';

/** An app and its servers. */
export interface AppListing {
  readonly app: App;
  readonly file: string;
  readonly found: boolean;
  readonly servers: readonly AppServer[];
  /** Why the file cannot be read, as a sentence. */
  readonly problem?: string;
  /** Whether its file is the store. */
  readonly readsStore: boolean;
}

/** Lists every app that has a configuration file, with the servers in it. A file is listed once, for the first app that has it. */
export async function listApps(apps: readonly App[], context: Context): Promise<AppListing[]> {
  const all = (await Promise.all(apps.map((app) => listApp(app, context)))).flat();
  // Builds of VS Code share the file of a project.
  return all.filter(({ file }, at) => all.findIndex((one) => one.file === file) === at);
}

async function listApp(app: App, context: Context): Promise<AppListing[]> {
  const files = listConfigFiles(app, await readAppEnvironment(app, context));
  return Promise.all(files.map((file) => listFile(app, file, context)));
}

async function listFile(app: App, file: string, context: Context): Promise<AppListing> {
  const readsStore = canReadStore(app) && (await isStore(file, context));
  try {
    const text = await context.files.readIfThere(file);
    const servers = readServers(text ?? '', { app, file, ours: getProgramPath(context) });
    return { app, file, found: text !== undefined, servers: readsStore ? [] : servers, readsStore };
  } catch (error) {
    const problem = error instanceof AuthError ? error.message : 'its configuration cannot be read';
    return { app, file, found: true, servers: [], problem, readsStore };
  }
}

import { connectionMethods, type App, type ConnectionMethod } from '../apps/app.js';
import { findApp, apps } from '../apps/index.js';
import {
  findRemainingCopies,
  listApps,
  planConnection,
  planRemoval,
  writeChanges,
  type AppListing,
  type ConnectionPlan,
} from '../connect/connect-app.js';
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { isSameUrl, serverNamePattern, listServers } from '../store/document.js';
import type { Command, CommandInput, CommandOption } from './command.js';
import { formatRedactedDiff } from './redacted-diff.js';
import { formatTable } from './table.js';

const options = [
  {
    flags: '--how <how>',
    help: 'connect by helper, bridge, header or copy (default: the first that the app supports)',
    parse: parseHow,
    complete: connectionMethods,
  },
  { flags: '--as <name>', help: 'name of the server in the app' },
  { flags: '--project', help: 'change the configuration of the project in this folder' },
  { flags: '--print', help: 'show the change without writing it' },
  { flags: '--remove', help: 'remove the server from the app' },
  { flags: '--list', help: 'list the apps, their files, and the servers that use a login' },
  { flags: '--json', help: 'with --list: print JSON' },
] as const satisfies readonly CommandOption[];

type Options = CommandInput<typeof options>['options'];

export const connect: Command<typeof options> = {
  description:
    'Change the app’s configuration so that it uses the login. Everything else in the file stays as it is, and a backup of the original is kept next to it.',
  arguments: [
    { syntax: '[app]', help: `app: ${apps.map(({ name }) => name).join(', ')}`, complete: apps.map(({ name }) => name) },
    { syntax: '[name]', help: 'name of a server in the store', complete: 'server' },
  ],
  options,
  examples: ['connect claude-code linear', 'connect codex linear --print', 'connect --list'],
  run: async ({ arguments: [appName, name], options }, context) => {
    if (options.list) {
      await list(options, context);
      return;
    }
    if (appName === undefined || name === undefined) {
      throw new AuthError('usage', 'An app and a server are required.', {
        hint: 'For example: mcp-auth connect claude-code linear     (All apps: mcp-auth connect --list)',
      });
    }
    const { how, as, project = false } = options;
    const app = findApp(appName);
    if (options.remove) {
      const planned = await planRemoval({ app, name, as, project }, context);
      if ('storeFile' in planned) {
        context.ui.say(`${app.summary} reads the store ${planned.storeFile} directly. The entry ${as ?? name} was not written by connect.`);
        context.ui.say(`  To log out, run: ${formatCommand`mcp-auth logout ${name} --store ${planned.storeFile}`}`);
        return;
      }
      const { change, calledThere } = planned;
      await apply({ changes: [change], snippet: '' }, options, context);
      if (options.print) return;
      context.ui.succeed(`${as ?? wordFor(calledThere)} was removed from ${app.summary}.`);
      const left = await findRemainingCopies({ app, name, as: calledThere }, context);
      for (const file of left) context.ui.warn(`${app.summary} still has a copy of the login in ${file}. Log out there too.`);
      return;
    }
    const connected = await planConnection({ app, name, as, how, project }, context);
    if ('storeFile' in connected) {
      context.ui.succeed(`${app.summary} reads the login to ${name} from the store ${connected.storeFile}. Nothing needs to be changed.`);
      context.ui.say('  It does not renew tokens. To keep the token fresh, keep this running:');
      context.ui.command(formatCommand`mcp-auth refresh --watch --store ${connected.storeFile}`);
      return;
    }
    if (connected.changes.length === 0) for (const line of connected.snippet.trimEnd().split('\n')) context.ui.print(line);
    await apply(connected, options, context);
    if (!options.print) report({ app, name, connected, asked: as ?? name }, context);
  },
};

function parseHow(text: string): ConnectionMethod {
  const how = connectionMethods.find((one) => one === text);
  if (how) return how;
  throw new AuthError('usage', `--how must be one of ${connectionMethods.join(', ')}.`);
}

async function apply(
  { changes, snippet }: Pick<ConnectionPlan, 'changes' | 'snippet'>,
  { print }: Options,
  context: Context,
): Promise<void> {
  if (!print) {
    await writeChanges(changes, context);
    return;
  }
  for (const change of changes) for (const line of formatRedactedDiff(change, snippet)) context.ui.print(line);
}

/** What each connection method means for the user. */
const meanings: Readonly<Record<ConnectionMethod, (name: string) => string>> = {
  helper: () => 'The app runs mcp-auth for a fresh token every time it connects.',
  bridge: () => 'The app starts mcp-auth as its server. mcp-auth adds a fresh token to each request.',
  header: (name) =>
    `The app’s file contains the token itself. When it expires, run again: ${formatCommand`mcp-auth connect … ${name} --how header`}`,
  copy: () =>
    'The app has a copy of the login and renews it by itself. If the server rotates refresh tokens, the first of the two to renew ends the other’s login.',
};

/** An app's name for a server, quoted unless it is also a valid name in the store. */
function wordFor(calledThere: string): string {
  return serverNamePattern.test(calledThere) ? calledThere : quote(calledThere);
}

function report(
  { app, name, connected, asked }: { app: App; name: string; connected: ConnectionPlan; asked: string },
  { ui }: Context,
): void {
  const { how, changes, nameInApp: calledThere, droppedHeaders: headersLost } = connected;
  const [first] = changes;
  if (first) ui.succeed(`${app.summary} now uses the login to ${name} (${how}).`);
  if (calledThere !== asked) ui.say(`  It already has this server as ${wordFor(calledThere)}. That entry was changed.`);
  for (const { file, before, after } of changes) ui.say(`  ${before === after ? 'Unchanged' : 'Written'}: ${file}`);
  ui.say(`  ${meanings[how](name)}`);
  for (const header of headersLost) {
    ui.warn(
      `${app.summary} sent the header ${quote(header)} to this server. The bridge sends only headers in the store. To add it, run: ${formatCommand`mcp-auth login ${name} --header ${`${/^[\w-]+$/.test(header) ? header : 'NAME'}: VALUE`}`}`,
    );
  }
  if (app.nextSteps !== undefined) ui.say(`  ${app.nextSteps}`);
}

async function list({ json }: Options, context: Context): Promise<void> {
  const known = listServers(await context.store.read());
  const listings = (await listApps(apps, context)).map((listing) => ({
    ...listing,
    servers: listing.servers.filter(
      ({ how, url }) => how !== undefined && (how !== 'own' || known.some(([, entry]) => isSameUrl(entry.url, url ?? ''))),
    ),
  }));
  if (json) {
    context.ui.document(
      listings.map(({ app, file, found, servers: some, problem, readsStore }) => ({
        ...{ app: app.name, file, found, servers: some.map(shown), problem },
        ...(readsStore && { store: true }),
      })),
    );
    return;
  }
  for (const row of formatTable([['APP', 'FILE', 'SERVERS'], ...listings.map(rowOf)])) context.ui.print(row);
}

function shown({ name, url, how }: AppListing['servers'][number]) {
  return { name, url, how };
}

function rowOf({ app, file, found, servers: some, problem, readsStore }: AppListing): string[] {
  if (readsStore) return [app.name, file, 'reads the store directly'];
  const connected = some.map(({ name, how }) => `${name} (${how === 'own' ? 'its own login' : (how ?? '')})`).join(', ');
  return [app.name, file, problem === undefined ? (found ? connected || '-' : 'no such file') : 'cannot be read'];
}

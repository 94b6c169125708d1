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
import type { Command } from './command.js';
import { formatRedactedDiff } from './redacted-diff.js';
import { formatTable } from './table.js';

interface Options {
  how?: ConnectionMethod;
  as?: string;
  project?: boolean;
  print?: boolean;
  remove?: boolean;
  list?: boolean;
  json?: boolean;
}

export const connect: Command<Options> = {
  description:
    'Changes the app’s own configuration so that it uses the login, and leaves all else in that file as it is. What was there first stays beside it.',
  arguments: [
    { syntax: '[app]', help: `one of ${apps.map(({ name }) => name).join(', ')}`, complete: apps.map(({ name }) => name) },
    { syntax: '[name]', help: 'name of a server in the store', complete: 'server' },
  ],
  options: [
    {
      flags: '--how <how>',
      help: 'helper, bridge, header or copy, in place of the best that the app knows',
      parse: parseHow,
      complete: connectionMethods,
    },
    { flags: '--as <name>', help: 'what the app is to call the server' },
    { flags: '--project', help: 'the configuration of the project in this folder' },
    { flags: '--print', help: 'show what would be changed, and change nothing' },
    { flags: '--remove', help: 'take the server out of the app again' },
    { flags: '--list', help: 'show the apps, their files, and which servers use a login' },
    { flags: '--json', help: 'with --list: the same as JSON' },
  ],
  examples: ['connect claude-code linear', 'connect codex linear --print', 'connect --list'],
  run: async ({ arguments: [appName, name], options }, context) => {
    if (options.list) {
      await list(options, context);
      return;
    }
    if (appName === undefined || name === undefined) {
      throw new AuthError('usage', 'An app and a server are needed.', {
        hint: 'As in: mcp-auth connect claude-code linear     (mcp-auth connect --list)',
      });
    }
    const { how, as, project = false } = options;
    const app = findApp(appName);
    if (options.remove) {
      const planned = await planRemoval({ app, name, as, project }, context);
      if ('storeFile' in planned) {
        context.ui.say(`${app.summary} reads the store itself, ${planned.storeFile}: ${as ?? name} there was not written by connect.`);
        context.ui.say(`  To end the login: ${formatCommand`mcp-auth logout ${name} --store ${planned.storeFile}`}`);
        return;
      }
      const { change, calledThere } = planned;
      await apply({ changes: [change], snippet: '' }, options, context);
      if (options.print) return;
      context.ui.succeed(`${as ?? wordFor(calledThere)} is not in ${app.summary} any more.`);
      const left = await findRemainingCopies({ app, name, as: calledThere }, context);
      for (const file of left) context.ui.warn(`${app.summary} still has a copy of the login, in ${file}. Log out there too.`);
      return;
    }
    const connected = await planConnection({ app, name, as, how, project }, context);
    if ('storeFile' in connected) {
      context.ui.succeed(
        `${app.summary} reads the login to ${name} in the store itself, ${connected.storeFile}: there is nothing to write.`,
      );
      context.ui.say('  It renews no token. To have a fresh one there at any time, keep this running:');
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
  throw new AuthError('usage', `--how is one of ${connectionMethods.join(', ')}.`);
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

/** What each way means for the person, as sentences. */
const meanings: Readonly<Record<ConnectionMethod, (name: string) => string>> = {
  helper: () => 'It asks mcp-auth for a fresh token whenever it connects.',
  bridge: () => 'It starts mcp-auth as its server, which adds a fresh token to each request.',
  header: (name) =>
    `The token itself is in its file, and is good until it expires: ${formatCommand`mcp-auth connect … ${name} --how header`} writes the next one.`,
  copy: () =>
    'It has a copy of the login, and renews it by itself. Where a refresh token changes with each use, the first of the two that renews ends the other’s login.',
};

/** An app's name for a server: in quotation marks where it is none of the store's. */
function wordFor(calledThere: string): string {
  return serverNamePattern.test(calledThere) ? calledThere : quote(calledThere);
}

function report(
  { app, name, connected, asked }: { app: App; name: string; connected: ConnectionPlan; asked: string },
  { ui }: Context,
): void {
  const { how, changes, nameInApp: calledThere, droppedHeaders: headersLost } = connected;
  const [first] = changes;
  if (first) ui.succeed(`${app.summary} uses the login to ${name}, by ${how}.`);
  if (calledThere !== asked) ui.say(`  It has this server already, as ${wordFor(calledThere)}: that entry was changed.`);
  for (const { file, before, after } of changes) ui.say(`  ${before === after ? 'Unchanged' : 'Written'}: ${file}`);
  ui.say(`  ${meanings[how](name)}`);
  for (const header of headersLost) {
    ui.warn(
      `${app.summary} has sent the header ${quote(header)} there; the bridge sends what the store has. Run: ${formatCommand`mcp-auth login ${name} --header ${`${/^[\w-]+$/.test(header) ? header : 'NAME'}: VALUE`}`}`,
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
  if (readsStore) return [app.name, file, 'reads the store itself'];
  const connected = some.map(({ name, how }) => `${name} (${how === 'own' ? 'its own login' : (how ?? '')})`).join(', ');
  return [app.name, file, problem === undefined ? (found ? connected || '-' : 'no such file') : 'cannot be read'];
}

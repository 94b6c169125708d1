import { connectionMethods, type App, type ConnectionMethod } from '../apps/app.js';
import { findApp, apps } from '../apps/index.js';
import { findRemainingCopies, planConnection, planRemoval, writeChanges, type ConnectionPlan } from '../connect/connect-app.js';
import { listApps, type AppListing } from '../connect/list-apps.js';
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import { isSameUrl, serverNamePattern, listServers } from '../store/document.js';
import { isStoreUrl } from '../store/path.js';
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
    const request = { app: findApp(appName), name };
    await (options.remove ? disconnectApp(request, options, context) : connectApp(request, options, context));
  },
};

interface AppAndServer {
  readonly app: App;
  readonly name: string;
}

async function connectApp({ app, name }: AppAndServer, options: Options, context: Context): Promise<void> {
  const { how, as, project = false } = options;
  const { ui } = context;
  const plan = await planConnection({ app, name, as, how, project }, context);
  if ('storeFile' in plan) {
    ui.succeed(`${app.summary} reads the login to ${name} from the store ${plan.storeFile}. Nothing needs to be changed.`);
    ui.say('  It does not renew tokens. To keep the token fresh, keep this running:');
    ui.command(formatCommand`mcp-auth refresh --watch --store ${plan.storeFile}`);
    return;
  }
  if (plan.changes.length === 0) for (const line of plan.snippet.trimEnd().split('\n')) ui.print(line);
  await apply(plan, options, context);
  if (!options.print) report({ app, name, plan, requestedName: as ?? name }, context);
}

async function disconnectApp({ app, name }: AppAndServer, options: Options, context: Context): Promise<void> {
  const { as, project = false } = options;
  const { ui } = context;
  const plan = await planRemoval({ app, name, as, project }, context);
  if ('storeFile' in plan) {
    ui.say(`${app.summary} reads the store ${plan.storeFile} directly. The entry ${as ?? name} was not written by connect.`);
    ui.say(`  To log out, run: ${formatCommand`mcp-auth logout ${name} --store ${plan.storeFile}`}`);
    return;
  }
  const { change, nameInApp } = plan;
  await apply({ changes: [change], snippet: '' }, options, context);
  if (options.print) return;
  ui.succeed(`${as ?? formatNameInApp(nameInApp)} was removed from ${app.summary}.`);
  for (const file of await findRemainingCopies({ app, name, as: nameInApp }, context)) {
    ui.warn(`${app.summary} still has a copy of the login in ${file}. Log out there too.`);
  }
}

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
const descriptions: Readonly<Record<ConnectionMethod, (name: string) => string>> = {
  helper: () => 'The app runs mcp-auth for a fresh token every time it connects.',
  bridge: () => 'The app starts mcp-auth as its server. mcp-auth adds a fresh token to each request.',
  header: (name) =>
    `The app’s file contains the token itself. When it expires, run again: ${formatCommand`mcp-auth connect … ${name} --how header`}`,
  copy: () =>
    'The app has a copy of the login and renews it by itself. If the server rotates refresh tokens, the first of the two to renew ends the other’s login.',
};

/** An app's name for a server, quoted unless it is also a valid name in the store. */
function formatNameInApp(nameInApp: string): string {
  return serverNamePattern.test(nameInApp) ? nameInApp : quote(nameInApp);
}

function report(
  { app, name, plan, requestedName }: AppAndServer & { plan: ConnectionPlan; requestedName: string },
  { ui, store }: Context,
): void {
  const { how, changes, nameInApp, droppedHeaders } = plan;
  const [first] = changes;
  if (first) ui.succeed(`${app.summary} now uses the login to ${name} (${how}).`);
  if (nameInApp !== requestedName) ui.say(`  It already has this server as ${formatNameInApp(nameInApp)}. That entry was changed.`);
  for (const { file, before, after } of changes) ui.say(`  ${before === after ? 'Unchanged' : 'Written'}: ${file}`);
  ui.say(`  ${descriptions[how](name)}`);
  if ((how === 'helper' || how === 'bridge') && isStoreUrl(store.path)) {
    ui.say(`  ${app.summary} must have the password of ${store.path} in its environment: set MCP_AUTH_STORE_FILE there, for example.`);
  }
  for (const header of droppedHeaders) {
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
      listings.map(({ app, file, found, servers, problem, readsStore }) => ({
        app: app.name,
        file,
        found,
        servers: servers.map(toJson),
        problem,
        ...(readsStore && { store: true }),
      })),
    );
    return;
  }
  for (const row of formatTable([['APP', 'FILE', 'SERVERS'], ...listings.map(toRow)])) context.ui.print(row);
}

function toJson({ name, url, how }: AppListing['servers'][number]) {
  return { name, url, how };
}

function toRow({ app, file, found, servers, problem, readsStore }: AppListing): string[] {
  if (readsStore) return [app.name, file, 'reads the store directly'];
  const connected = servers.map(({ name, how }) => `${name} (${how === 'own' ? 'its own login' : (how ?? '')})`).join(', ');
  return [app.name, file, problem === undefined ? (found ? connected || '-' : 'no such file') : 'cannot be read'];
}

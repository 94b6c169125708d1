import type { EntryHeader } from '../apps/entry-headers.js';
import type { Context } from '../context.js';
import { takeServers, type TakenServer } from '../connect/take-servers.js';
import { quote, shorten } from '../text/server-text.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { putServer } from '../store/document.js';
import { listUnsetVariables, listVariables } from '../store/variables.js';
import type { Command, CommandOption } from './command.js';
import { checkServerName, checkServerUrl } from '../login/server-name.js';

const options = [
  { flags: '--from <app>', help: 'import the servers of an app, or of a file such as .mcp.json; with NAME, only that server' },
  { flags: '--tokens', help: 'with --from: also import the app’s logins' },
] as const satisfies readonly CommandOption[];

export const add: Command<typeof options> = {
  description: 'Add a server to the store without logging in, or import the servers (and, with --tokens, the logins) of an app.',
  arguments: [
    { syntax: '[name]', help: 'name for the server' },
    { syntax: '[url]', help: 'URL of the MCP server' },
  ],
  options,
  examples: ['add linear https://mcp.linear.app/mcp', 'add --from claude-code', 'add linear --from .mcp.json'],
  run: async ({ arguments: [name, url], options: { from, tokens = false } }, context) => {
    const { ui, store } = context;
    if (from === undefined) {
      if (name === undefined || url === undefined || tokens) throw new AuthError('usage', 'A name and a URL are required, or --from APP.');
      await store.update((document) => putServer(document, { name: checkServerName(name), url: checkServerUrl(url) }));
      ui.succeed(`Added ${name}. Log in with: ${formatCommand`mcp-auth login ${name}`}`);
      return;
    }
    if (url !== undefined) throw new AuthError('usage', '--from takes no URL.');
    for (const one of await takeServers({ from, only: name, tokens, checkUrl: checkServerUrl }, context)) report(one, context);
  },
};

const sentences = { added: 'added.', known: 'already in the store.', 'logged in': 'added with its login.' } as const;

function report({ name, nameInApp, url, state, reason, hint, headers, skippedHeaders }: TakenServer, { ui, env }: Context): void {
  const quotedName = name === nameInApp ? name : quote(nameInApp);
  if (state === 'refused') {
    ui.warn(`${quotedName} (${shorten(url)}) was not added. ${[reason, hint].filter(Boolean).join(' ')}`);
    return;
  }
  if (name !== nameInApp) ui.say(`${quotedName} was added as ${name}.`);
  const texts = [url, ...headers.map(({ value }) => value)];
  for (const variable of new Set(texts.flatMap(listVariables)))
    ui.warn(`The URL or a header of ${name} contains \${${variable}}: its value is sent to that server.`);
  for (const variable of new Set(texts.flatMap((text) => listUnsetVariables(text, env))))
    ui.warn(`The environment variable ${variable} is not set here. Set it wherever ${name} is used.`);
  if (headers.length > 0) ui.say(`The app’s headers are sent to ${name}: ${headers.map((header) => quote(header.name)).join(', ')}.`);
  for (const header of headers.filter(({ isSecret }) => isSecret))
    ui.warn(
      `The header ${quote(header.name)} of ${name} seems to contain a secret, which is now in the store. To keep it out, use \${VARIABLE} as the value.`,
    );
  for (const header of skippedHeaders)
    ui.warn(`The header ${quote(header.name)} of ${name} was not imported: ${explainSkipped(header, name)}`);
  const nextStep = state === 'logged in' ? '' : ` Log in with: ${formatCommand`mcp-auth login ${name}`}`;
  ui.succeed(`${name} (${shorten(url)}): ${sentences[state]}${nextStep}`);
}

/** Why a header was not imported, as the end of a sentence, and what to do. */
function explainSkipped({ name: header, problem }: EntryHeader, name: string): string {
  const isLogin = header.toLowerCase() === 'authorization';
  const word = /^[\w-]+$/.test(header) ? header : 'NAME';
  const nextStep = isLogin ? '' : ` Run: ${formatCommand`mcp-auth login ${name} --header ${`${word}: VALUE`}`}`;
  return `${problem ?? 'the server is already in the store'}.${nextStep}`;
}

import type { EntryHeader } from '../apps/entry-headers.js';
import type { Context } from '../context.js';
import { takeServers, type TakenServer } from '../connect/take-servers.js';
import { quote, shorten } from '../text/server-text.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { putServer } from '../store/document.js';
import { listUnsetVariables, listVariables } from '../store/variables.js';
import type { Command } from './command.js';
import { checkServerName, checkServerUrl } from '../login/server-name.js';

interface Options {
  from?: string;
  tokens?: boolean;
}

export const add: Command<Options> = {
  description:
    'Puts a server into the store, to be logged in to later; or the servers that an app has already, with their logins if asked.',
  arguments: [
    { syntax: '[name]', help: 'what to call the server' },
    { syntax: '[url]', help: 'URL of the MCP server' },
  ],
  options: [
    { flags: '--from <app>', help: 'take the servers of an app, or of a file as .mcp.json; with a name, only that one' },
    { flags: '--tokens', help: 'with --from: take over the logins that the app has, too' },
  ],
  examples: ['add linear https://mcp.linear.app/mcp', 'add --from claude-code', 'add linear --from .mcp.json'],
  run: async ({ arguments: [name, url], options: { from, tokens = false } }, context) => {
    const { ui, store } = context;
    if (from === undefined) {
      if (name === undefined || url === undefined || tokens) throw new AuthError('usage', 'A name and a URL are needed, or --from APP.');
      await store.update((document) => putServer(document, { name: checkServerName(name), url: checkServerUrl(url) }));
      ui.succeed(`Added ${name}. Log in with: ${formatCommand`mcp-auth login ${name}`}`);
      return;
    }
    if (url !== undefined) throw new AuthError('usage', 'With --from, no URL is given.');
    for (const one of await takeServers({ from, only: name, tokens, checkUrl: checkServerUrl }, context)) tell(one, context);
  },
};

const sentences = { added: 'added.', known: 'known already.', 'logged in': 'added, with its login.' } as const;

function tell(
  { name, nameInApp: calledThere, url, state, reason, hint, headers, skippedHeaders: headersLeft }: TakenServer,
  { ui, env }: Context,
): void {
  const there = name === calledThere ? name : quote(calledThere);
  if (state === 'refused') {
    ui.warn(`${there} (${shorten(url)}) was left out. ${[reason, hint].filter(Boolean).join(' ')}`);
    return;
  }
  if (name !== calledThere) ui.say(`${there} is taken as ${name}.`);
  const variables = [url, ...headers.map(({ value }) => value)].flatMap(listVariables);
  for (const variable of new Set(variables)) ui.warn(`${name} will be told what is in the variable ${variable}.`);
  for (const variable of new Set([url, ...headers.map(({ value }) => value)].flatMap((text) => listUnsetVariables(text, env))))
    ui.warn(`The variable ${variable} is not set here: set it wherever ${name} is used.`);
  if (headers.length > 0) ui.say(`${name} is sent ${headers.map((header) => quote(header.name)).join(', ')}, as the app sends it.`);
  for (const header of headers.filter(({ isSecret }) => isSecret))
    ui.warn(
      `The header ${quote(header.name)} of ${name} seems to hold a secret, which is in the store now. \${VARIABLE} in its place keeps it out.`,
    );
  for (const header of headersLeft) ui.warn(`The header ${quote(header.name)} of ${name} was not taken: ${whyLeft(header, name)}`);
  const todo = state === 'logged in' ? '' : ` Log in with: ${formatCommand`mcp-auth login ${name}`}`;
  ui.succeed(`${name} (${shorten(url)}): ${sentences[state]}${todo}`);
}

/** The end of a sentence, and what to do. */
function whyLeft({ name: header, problem }: EntryHeader, name: string): string {
  const isLogin = header.toLowerCase() === 'authorization';
  const word = /^[\w-]+$/.test(header) ? header : 'NAME';
  const todo = isLogin ? '' : ` Run: ${formatCommand`mcp-auth login ${name} --header ${`${word}: VALUE`}`}`;
  return `${problem ?? 'the server is in the store already'}.${todo}`;
}

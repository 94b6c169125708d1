/** The manual page, as man(7) has it. */
import { exitCodes, exitCodeMeanings } from '../errors.js';
import type { CommandReference, OptionReference } from './model.js';

/** The environment variables that people set; SECURITY.md has all that are read. */
const variables = [
  ['MCP_AUTH_STORE', 'the store, in place of the usual one'],
  ['MCP_AUTH_CLIENT_SECRET', 'the secret of the client of --client-id'],
  ['MCP_AUTH_REGISTRATION_TOKEN', 'an initial access token for dynamic registration, together with --issuer'],
  ['MCP_AUTH_IDP_CLIENT_SECRET', 'the secret of our client at the identity provider, for --flow enterprise'],
  ['BROWSER', 'the command that opens a browser, or none'],
  ['HTTPS_PROXY, ALL_PROXY, NO_PROXY', 'the proxy to go through, and the hosts that are reached without'],
  ['NODE_EXTRA_CA_CERTS', 'a file with certificates to trust besides'],
  ['NO_COLOR', 'no colours'],
] as const;

/** Text as roff has it: no backslash, dot or apostrophe that it would take for its own. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '\\&...');
}

const bold = (text: string) => `\\fB${roff(text)}\\fR`;
const item = (what: string, help: string) => `.TP\n${what}\n${roff(help)}`;

function optionItem({ names, value, help }: OptionReference): string {
  return item(`${names.map(bold).join(', ')}${value === undefined ? '' : ` \\fI${roff(value)}\\fR`}`, help);
}

function commandSection({ name, alias, description, arguments: all, options, examples }: CommandReference): string {
  const words = all.map(({ syntax }) => ` \\fI${roff(syntax)}\\fR`).join('');
  return [
    `.SS ${bold(`mcp-auth ${name}`)}${words}`,
    roff(description),
    ...(alias === undefined ? [] : [`.PP\nAlso as ${bold(`mcp-auth ${alias}`)}.`]),
    ...all.map(({ syntax, help }) => item(`\\fI${roff(syntax)}\\fR`, help)),
    ...options.map(optionItem),
    '.PP\nExamples:\n.PP\n.nf\n.RS',
    ...examples.map((example) => roff(`mcp-auth ${example}`)),
    '.RE\n.fi',
  ].join('\n');
}

/**
 * The page of all commands, in the manual's section 1.
 *
 * @param common the options that every command has.
 */
export function formatManPage({
  commands,
  common,
  version,
}: {
  commands: readonly CommandReference[];
  common: readonly OptionReference[];
  version: string;
}): string {
  const own = commands.map((one) => ({
    ...one,
    options: one.options.filter(({ names }) => !common.some((other) => other.names[0] === names[0])),
  }));
  return `${[
    `.TH MCP\\-AUTH 1 "" "mcp\\-auth ${roff(version)}" "User Commands"`,
    '.SH NAME\nmcp\\-auth \\- log a machine without a browser in to remote MCP servers, and keep it logged in',
    `.SH SYNOPSIS\n${bold('mcp-auth')} \\fIcommand\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]`,
    '.SH COMMANDS',
    ...own.map(commandSection),
    '.SH OPTIONS OF EVERY COMMAND',
    ...common.map(optionItem),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodeMeanings).map(([key, meaning]) => item(String(exitCodes[key as keyof typeof exitCodes]), meaning)),
    '.SH ENVIRONMENT',
    ...variables.map(([name, help]) => item(bold(name), help)),
    '.SH FILES',
    item('\\fI~/.config/mcp\\-auth/mcp\\-servers.json\\fR', 'The store on Linux: servers and their logins, readable by its owner alone.'),
  ].join('\n')}\n`;
}

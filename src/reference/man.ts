/** Formats the manual page in the language of man(7). */
import { exitCodes, exitCodeMeanings } from '../errors.js';
import type { CommandReference, OptionReference } from './model.js';

/** The environment variables for users; SECURITY.md lists all that are read. */
const variables = [
  ['MCP_AUTH_STORE', 'store file to use instead of the default'],
  ['MCP_AUTH_CLIENT_SECRET', 'client secret of the client of --client-id'],
  ['MCP_AUTH_REGISTRATION_TOKEN', 'initial access token for dynamic registration; requires --issuer'],
  ['MCP_AUTH_IDP_CLIENT_SECRET', 'client secret at the identity provider, for --flow enterprise'],
  ['BROWSER', 'command that opens a browser; none to open no browser'],
  ['HTTPS_PROXY, ALL_PROXY, NO_PROXY', 'proxy to use, and hosts to connect to without a proxy'],
  ['NODE_EXTRA_CA_CERTS', 'file with additional certificates to trust'],
  ['NO_COLOR', 'disable colours'],
] as const;

/** Escapes text for roff: backslashes, hyphens, and dots and apostrophes at the beginning of a line. */
function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '\\&...');
}

const formatBold = (text: string) => `\\fB${escapeRoff(text)}\\fR`;
const formatItem = (what: string, help: string) => `.TP\n${what}\n${escapeRoff(help)}`;

function formatOption({ names, value, help }: OptionReference): string {
  return formatItem(`${names.map(formatBold).join(', ')}${value === undefined ? '' : ` \\fI${escapeRoff(value)}\\fR`}`, help);
}

function formatCommand({ name, alias, description, arguments: all, options, examples }: CommandReference): string {
  const words = all.map(({ syntax }) => ` \\fI${escapeRoff(syntax)}\\fR`).join('');
  return [
    `.SS ${formatBold(`mcp-auth ${name}`)}${words}`,
    escapeRoff(description),
    ...(alias === undefined ? [] : [`.PP\nAlias: ${formatBold(`mcp-auth ${alias}`)}.`]),
    ...all.map(({ syntax, help }) => formatItem(`\\fI${escapeRoff(syntax)}\\fR`, help)),
    ...options.map(formatOption),
    '.PP\nExamples:\n.PP\n.nf\n.RS',
    ...examples.map((example) => escapeRoff(`mcp-auth ${example}`)),
    '.RE\n.fi',
  ].join('\n');
}

/**
 * The manual page of all commands, in section 1.
 *
 * @param common the options of every command.
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
    `.TH MCP\\-AUTH 1 "" "mcp\\-auth ${escapeRoff(version)}" "User Commands"`,
    '.SH NAME\nmcp\\-auth \\- log a machine without a browser in to remote MCP servers, and keep it logged in',
    `.SH SYNOPSIS\n${formatBold('mcp-auth')} \\fIcommand\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]`,
    '.SH COMMANDS',
    ...own.map(formatCommand),
    '.SH OPTIONS OF EVERY COMMAND',
    ...common.map(formatOption),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodeMeanings).map(([key, meaning]) => formatItem(String(exitCodes[key as keyof typeof exitCodes]), meaning)),
    '.SH ENVIRONMENT',
    ...variables.map(([name, help]) => formatItem(formatBold(name), help)),
    '.SH FILES',
    formatItem(
      '\\fI~/.config/mcp\\-auth/mcp\\-servers.json\\fR',
      'The store on Linux: servers and their logins. Only its owner can read it.',
    ),
  ].join('\n')}\n`;
}

/** Completion for fish. */
import type { Completion, CommandReference, OptionReference } from './model.js';

function quoteText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function formatWords(complete: Completion | undefined): string {
  if (complete === undefined) return '';
  if (complete === 'file') return ' -F';
  return complete === 'server' ? " -a '(__mcp_auth_servers)'" : ` -a '${complete.join(' ')}'`;
}

function formatOption(command: string, { names, value, help, complete }: OptionReference): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
  const takes = value === undefined ? '' : complete === 'file' ? ' -r' : ' -x';
  return `complete -c mcp-auth -n '__mcp_auth_in ${command}' ${flags}${takes}${formatWords(complete)} -d ${quoteText(help)}`;
}

function formatCommand({ name, alias, arguments: all, options }: CommandReference): string[] {
  const commands = [name, ...(alias === undefined ? [] : [alias])].join(' ');
  const valued = options.filter(({ value }) => value !== undefined).flatMap((option) => option.names);
  const places = all.flatMap(({ complete, syntax }, index) => {
    if (complete === undefined) return [];
    const from = syntax.includes('...') ? `${index} or-later` : String(index);
    return [`complete -c mcp-auth -n '__mcp_auth_in ${commands}; and __mcp_auth_at ${from} ${valued.join(' ')}'${formatWords(complete)}`];
  });
  return [...places, ...options.map((option) => formatOption(commands, option))];
}

/** The completion script for fish 3. */
export function formatFishCompletion(commands: readonly CommandReference[]): string {
  return `# fish completion for mcp-auth

function __mcp_auth_servers
    # fish would expand a name that begins with a tilde.
    mcp-auth list --names 2>/dev/null | string match -v '~*'
end

# Whether the command is one of the arguments.
function __mcp_auth_in
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end

# Whether the cursor is at that argument, or a later one. The other arguments are the options that take a value.
function __mcp_auth_at
    set -l at $argv[1]
    set -l later no
    set -l valued $argv[2..]
    if test "$valued[1]" = or-later
        set later yes
        set valued $valued[2..]
    end
    set -l count 0
    set -l skip no
    for word in (commandline -opc)[3..]
        if test $skip = yes
            set skip no
        else if contains -- $word $valued
            set skip yes
        else if not string match -q -- '-*' $word
            set count (math $count + 1)
        end
    end
    test $count -eq $at; or begin
        test $later = yes; and test $count -gt $at
    end
end

complete -c mcp-auth -f
${commands.map(({ name, summary }) => `complete -c mcp-auth -n 'test (count (commandline -opc)) -eq 1' -a ${name} -d ${quoteText(summary)}`).join('\n')}
${commands.flatMap(formatCommand).join('\n')}
`;
}

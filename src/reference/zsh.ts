/** Completion for zsh, by its own `_arguments`. */
import type { Completion, ArgumentReference, CommandReference, OptionReference } from './model.js';

/** Text inside of a word in single quotes of zsh's `_arguments`, where brackets and colons have a meaning. */
function quotedText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}

function action(complete: Completion | undefined): string {
  if (complete === undefined) return ' ';
  if (complete === 'server') return '_mcp_auth_servers';
  return complete === 'file' ? '_files' : `(${complete.join(' ')})`;
}

function optionSpecs({ names, value, help, complete }: OptionReference): string[] {
  const message = value === undefined ? '' : `:${value.replace(/[<>[\]]/g, '')}:${action(complete)}`;
  return names.map((name) => `'${name}[${quotedText(help)}]${message}'`);
}

function argumentSpec({ syntax, help, complete }: ArgumentReference, index: number): string {
  const place = syntax.includes('...') ? '*' : String(index + 1);
  return `'${place}:${quotedText(help)}:${action(complete)}'`;
}

function branch({ name, alias, arguments: all, options }: CommandReference): string {
  const specs = [...options.flatMap(optionSpecs), ...all.map(argumentSpec)];
  return `    (${[name, ...(alias === undefined ? [] : [alias])].join('|')})
      _arguments ${specs.join(' \\\n        ')} ;;`;
}

/** The completion script for zsh 5, to be sourced or put into a folder of $fpath as _mcp-auth. */
export function formatZshCompletion(commands: readonly CommandReference[]): string {
  return `#compdef mcp-auth
# zsh completion for mcp-auth

_mcp_auth_servers() {
  local -a names
  names=("\${(@f)$(mcp-auth list --names 2> /dev/null)}")
  names=(\${names:#})
  compadd -a names
}

_mcp_auth() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    '${name}:${quotedText(summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(branch).join('\n')}
  esac
}

if [ "$funcstack[1]" = _mcp-auth ]; then _mcp_auth; else compdef _mcp_auth mcp-auth; fi
`;
}

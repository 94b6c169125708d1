/** Completion for zsh, with its function `_arguments`. */
import type { Completion, ArgumentReference, CommandReference, OptionReference } from './model.js';

/** Escapes text for a single-quoted word of `_arguments`, where brackets and colons are special. */
function escapeText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}

function formatAction(complete: Completion | undefined): string {
  if (complete === undefined) return ' ';
  if (complete === 'server') return '_mcp_auth_servers';
  return complete === 'file' ? '_files' : `(${complete.join(' ')})`;
}

function formatOptionSpecs({ names, value, help, complete }: OptionReference): string[] {
  const message = value === undefined ? '' : `:${value.replace(/[<>[\]]/g, '')}:${formatAction(complete)}`;
  return names.map((name) => `'${name}[${escapeText(help)}]${message}'`);
}

function formatArgumentSpec({ syntax, help, complete }: ArgumentReference, index: number): string {
  const place = syntax.includes('...') ? '*' : String(index + 1);
  return `'${place}:${escapeText(help)}:${formatAction(complete)}'`;
}

function formatBranch({ name, alias, arguments: all, options }: CommandReference): string {
  const specs = [...options.flatMap(formatOptionSpecs), ...all.map(formatArgumentSpec)];
  return `    (${[name, ...(alias === undefined ? [] : [alias])].join('|')})
      _arguments ${specs.join(' \\\n        ')} ;;`;
}

/** The completion script for zsh 5. Source it, or save it as _mcp-auth in a folder of $fpath. */
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
${commands.map(({ name, summary }) => `    '${name}:${escapeText(summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(formatBranch).join('\n')}
  esac
}

if [ "$funcstack[1]" = _mcp-auth ]; then _mcp_auth; else compdef _mcp_auth mcp-auth; fi
`;
}

/** Completion for bash. */
import type { Completion, CommandReference } from './model.js';

/**
 * The bash code that completes one argument or value. Names of servers never go through `compgen`, which would evaluate them.
 */
function formatOffer(complete: Completion | undefined): string {
  if (complete === undefined) return ':';
  if (complete === 'server') return '_mcp_auth_servers';
  if (complete === 'file') return '_mcp_auth_files';
  return `_mcp_auth_words '${complete.join(' ')}'`;
}

function formatBranch({ name, alias, arguments: all, options }: CommandReference): string {
  const valued = options.filter(({ value }) => value !== undefined);
  const names = options.flatMap((option) => option.names).join(' ');
  const last = all.at(-1)?.syntax.includes('...') ? all.length - 1 : -1;
  return [
    `    ${[name, ...(alias === undefined ? [] : [alias])].join('|')})`,
    `      options='${names}'`,
    `      valued=' ${valued.flatMap((option) => option.names).join(' ')} '`,
    '      _mcp_auth_place',
    '      case $place in',
    ...valued.filter(({ complete }) => complete).map((option) => `        ${option.names.join('|')}) ${formatOffer(option.complete)} ;;`),
    ...all.map(({ complete }, index) => `        ${index}${index === last ? '*|[1-9]*' : ''}) ${formatOffer(complete)} ;;`),
    '      esac ;;',
  ].join('\n');
}

/** The completion script for bash 3.2 or later. It does not need the package bash-completion. */
export function formatBashCompletion(commands: readonly CommandReference[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion for mcp-auth

_mcp_auth_words() {
  local word
  for word in $1; do [[ $word == "$current"* ]] && COMPREPLY+=("$word"); done
}

_mcp_auth_servers() {
  local name
  while IFS= read -r name; do
    [[ $name == "$current"* ]] && COMPREPLY+=("$(printf %q "$name")")
  done < <(mcp-auth list --names 2> /dev/null)
}

_mcp_auth_files() {
  local file
  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
  compopt -o filenames 2> /dev/null
}

# Sets $place to what the cursor is at: the name of the option whose value is typed, or the number of the argument.
_mcp_auth_place() {
  local index=$((command_at + 1)) count=0 word
  place=
  while [ "$index" -lt "$COMP_CWORD" ]; do
    word=\${COMP_WORDS[index]}
    if [[ $valued == *" $word "* ]]; then
      index=$((index + 1))
      if [ "$index" -eq "$COMP_CWORD" ]; then place=$word; return; fi
    elif [[ $word != -* ]]; then
      count=$((count + 1))
    fi
    index=$((index + 1))
  done
  if [[ $current == -* ]]; then
    place=-
    _mcp_auth_words "$options"
  else
    place=$count
  fi
}

_mcp_auth() {
  local current=\${COMP_WORDS[COMP_CWORD]} command= command_at=1 options valued place
  COMPREPLY=()
  if [ "$COMP_CWORD" -gt 1 ]; then command=\${COMP_WORDS[1]}; fi
  case $command in
    '') _mcp_auth_words '${names} --help --version' ;;
${commands.map(formatBranch).join('\n')}
  esac
}

complete -F _mcp_auth mcp-auth
`;
}

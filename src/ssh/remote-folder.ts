/**
 * The script that finds the folder of forwarded sockets on the remote machine, and what it prints. It runs as `sh -s`, whatever
 * the login shell is.
 *
 * It stays until its input ends, which also happens when the connection is lost or a process is killed: sshd does not remove the
 * socket of a forwarding, so the script does.
 */
import { isUsablePath, maxSocketPath } from './socket-path.js';

export interface RemoteScript {
  /** The name of this machine, which `name` begins with. Letters, digits and hyphens. */
  readonly machine: string;
  /** The file name of the socket. */
  readonly name: string;
  /** Letters and digits that the remote machine cannot know: its start-up files may print anything. */
  readonly nonce: string;
  /** Whether the script waits for the end of the session and removes the socket. */
  readonly stays: boolean;
  /** Folders of the system, for tests. */
  readonly runtimeRoot?: string;
  readonly temporary?: string;
}

/** What is written to the script when the socket is forwarded, and when it no longer is but the connection stays. */
export const scriptWords = { forwarded: 'forwarded\n', cancelled: 'cancelled\n' };

/** Formats the script. It is one compound command: some shells read their input in blocks, and must not take what follows it. */
export function formatRemoteScript(script: RemoteScript): string {
  const { machine, name, nonce, stays, runtimeRoot = '/run/user', temporary = '/tmp' } = script;
  return `{
exec 2>/dev/null
trap '' HUP INT PIPE
umask 077
LC_ALL=C
PATH=$PATH:/usr/bin:/bin
export LC_ALL PATH
unset IFS
machine='${machine}' name='${name}' nonce='${nonce}'
uid=$(id -u)
folder=
is_own() {
  set -- $(ls -ldn "$1")
  case $1 in
    d????-??-*) [ "$3" = "$uid" ] ;;
    *) false ;;
  esac
}
try() {
  at=$1
  case $at in /*) ;; *) return 1 ;; esac
  case $at in *:*) return 1 ;; esac
  shift
  for one; do
    at=$at/$one
    mkdir "$at"
    is_own "$at" || return 1
  done
  full=$at/$name
  [ \${#full} -lt ${maxSocketPath} ] && chmod 700 "$at" && [ -w "$at" ] && folder=$at
}
in_runtime() {
  is_own "$1" && try "$1" mcp-auth forwarded
}
in_home() {
  [ -n "$HOME" ] || return 1
  case $(uname -s) in
    Darwin) base=$HOME/Library/Preferences ;;
    *) base=\${XDG_CONFIG_HOME:-$HOME/.config} ;;
  esac
  mkdir -p "$base"
  try "$base" mcp-auth run forwarded
}
in_runtime "${runtimeRoot}/$uid" || in_runtime "$XDG_RUNTIME_DIR" || in_home || try "${temporary}" "mcp-auth-$uid" run forwarded
printf '\\n%s %s\\n' "$nonce" "\${folder:+$folder/$name}"
${stays ? waitForEnd : ''}exit 0
}
`;
}

/** Another session of the same machine may still run: then the agent is not away. The connection ends with the script. */
const waitForEnd = `IFS= read -r word
[ -n "$folder" ] && [ "$word" = forwarded ] || exit 0
rm -f "$folder/$machine.away"
IFS= read -r word
rm -f "$folder/$name"
away=yes
for other in "$folder/$machine"-????????.sock; do
  [ -S "$other" ] && away=no
done
[ "$away" = yes ] && : >"$folder/$machine.away"
[ "$word" = cancelled ] && IFS= read -r word
`;

/**
 * Finds what the script has printed in the output of the remote machine, which may be hostile: the path of the socket, `none` if
 * it has no folder for it, `unusable` for anything else. Undefined while the line is not there.
 */
export function parseRemotePath(output: string, { name, nonce }: Pick<RemoteScript, 'name' | 'nonce'>): RemotePath | undefined {
  const lines = output.split('\n').slice(0, -1);
  const line = lines.find((one) => one.startsWith(`${nonce} `));
  if (line === undefined) return undefined;
  const path = line.slice(nonce.length + 1).replace(/\r$/, '');
  if (path === '') return { reason: 'none' };
  return isUsablePath(path, name) ? { path } : { reason: 'unusable' };
}

export type RemotePath = { readonly path: string } | { readonly reason: 'none' | 'unusable' };

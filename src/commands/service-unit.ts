import path from 'node:path';
import type { Env } from '../effects.js';
import { AuthError } from '../errors.js';
import { findHomeFolder } from '../folders.js';
import { hasUnprintable, quote } from '../text/server-text.js';

/**
 * A systemd user unit that keeps the logins fresh: systemd.service(5).
 *
 * @throws AuthError `usage` for a path with non-printable characters.
 */
export function formatServiceUnit({ program, store }: { program: readonly string[]; store: string | undefined }): string {
  const words = [...program, 'refresh', '--watch', ...(store === undefined ? [] : ['--store', path.resolve(store)])];
  return `[Unit]
Description=Keep the logins of mcp-auth fresh
After=network-online.target

[Service]
ExecStart=${words.map(quotedWord).join(' ')}
Restart=on-failure
RestartSec=30
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=default.target
`;
}

/**
 * Where systemd looks for units of a user.
 *
 * @throws AuthError `file_unwritable` if the user has no home folder.
 */
export function resolveUnitPath(env: Env): string {
  const unit = ['systemd', 'user', 'mcp-auth-refresh.service'];
  const { XDG_CONFIG_HOME: folder } = env.variables;
  if (folder) return path.join(folder, ...unit);
  const home = findHomeFolder(env);
  if (home !== undefined) return path.join(home, '.config', ...unit);
  throw new AuthError('file_unwritable', 'The unit cannot be written: this process has no home folder (HOME is not set).', {
    hint: 'Set HOME to the home folder of the user whose systemd will run it, or omit --write.',
  });
}

/** systemd.syntax(7): a line break would start another setting, and a reader cannot check non-printable characters. */
function checkWord(word: string): string {
  if (!hasUnprintable(word)) return word;
  throw new AuthError('usage', `A systemd unit cannot contain the path ${quote(word)}: it has non-printable characters.`, {
    hint: 'Use a store with another path: --store FILE, or MCP_AUTH_STORE.',
  });
}

/** systemd.syntax(7): quoted, with `%` and `$` doubled so that systemd does not expand them. */
function quotedWord(word: string): string {
  return `"${checkWord(word).replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
}

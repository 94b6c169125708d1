import path from 'node:path';
import type { Env } from '../context.js';
import { AuthError } from '../errors.js';
import { homeFolder } from '../folders.js';
import { isPrintable, quoted } from '../server-text.js';

/** A systemd user unit that keeps the logins fresh: systemd.service(5). */
export function serviceUnit({ program, store }: { program: readonly string[]; store: string | undefined }): string {
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
 * @throws AuthError `file_unwritable` for a user without a home.
 */
export function unitPath(env: Env): string {
  const unit = ['systemd', 'user', 'mcp-auth-refresh.service'];
  const { XDG_CONFIG_HOME: folder } = env.variables;
  if (folder) return path.join(folder, ...unit);
  const home = homeFolder(env);
  if (home !== undefined) return path.join(home, '.config', ...unit);
  throw new AuthError('file_unwritable', 'There is no place for the unit: this process has no home folder (HOME is not set).', {
    hint: 'Set HOME to the home of the user whose systemd is to run it, or leave out --write.',
  });
}

/**
 * systemd.syntax(7): quoted, with `%` and `$` doubled, which would otherwise be expanded.
 *
 * @throws AuthError `usage` for a word with a control character: a line end in it would begin another line of the unit.
 */
function quotedWord(word: string): string {
  if (!isPrintable(word)) throw new AuthError('usage', `A unit cannot hold ${quoted(word)}: it has control characters.`);
  return `"${word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
}

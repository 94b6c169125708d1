import path from 'node:path';
import type { Env } from '../context.js';

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

/** Where systemd looks for units of a user. */
export function unitPath({ variables }: Env): string {
  const folder = variables['XDG_CONFIG_HOME'] ?? path.join(variables['HOME'] ?? '', '.config');
  return path.join(folder, 'systemd', 'user', 'mcp-auth-refresh.service');
}

/** systemd.syntax(7): quoted, with `%` and `$` doubled, which would otherwise be expanded. */
function quotedWord(word: string): string {
  return `"${word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
}

import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { keepLoginsFresh } from '../session/watch.js';
import type { RenewalResult } from '../session/renew-each.js';
import { renewMany } from '../session/renew-many.js';
import { canRenew } from '../session/renewal.js';
import { getRemainingSeconds } from '../store/freshness.js';
import { listServers } from '../store/document.js';
import { readLogin } from '../store/login.js';
import type { Command, CommandOption } from './command.js';
import { formatDuration } from '../text/duration.js';
import { installUnits } from './service-unit.js';

const options = [
  { flags: '--all', help: 'renew every login that can be renewed' },
  { flags: '--watch', help: 'keep running, and renew each login shortly before its token expires' },
  { flags: '--install-service', help: 'print the unit that runs refresh --watch: systemd on Linux, launchd on macOS' },
  { flags: '--write', help: 'with --install-service: write the unit to its file' },
] as const satisfies readonly CommandOption[];

export const refresh: Command<typeof options> = {
  description:
    'Renew the named logins, or all of them. With --watch, keep running and renew each login before its token expires, for programs that only read the store.',
  arguments: [{ syntax: '[name...]', help: 'names of servers in the store', complete: 'server' }],
  options,
  examples: ['refresh linear', 'refresh --all', 'refresh --watch', 'refresh --install-service --write'],
  run: async ({ arguments: names, options }, context) => {
    const named = names.filter((name) => name !== undefined);
    if (options.installService) return installUnits('refresh', options, context);
    if (options.watch) return keepLoginsFresh(named, context);
    if (options.all && named.length > 0) throw new AuthError('usage', 'Name one or more servers, or pass --all, but not both.');
    if (!options.all && named.length === 0) throw new AuthError('usage', 'Name one or more servers, or pass --all.');
    await renewAll(options.all ? await listRenewable(context) : named, context);
  },
};

async function listRenewable({ store, ui }: Context): Promise<string[]> {
  const all = listServers(await store.read()).map(([name, entry]) => ({ name, login: readLogin(entry) }));
  const names = all.filter(({ login }) => login !== undefined && canRenew(login)).map(({ name }) => name);
  if (names.length === 0) ui.say('No login can be renewed.');
  return names;
}

/** Renews all, then throws if any renewal failed. */
async function renewAll(names: readonly string[], context: Context): Promise<void> {
  const failures: AuthError[] = [];
  const report = (renewed: RenewalResult) => {
    if ('login' in renewed) {
      const left = getRemainingSeconds(renewed.login, context);
      context.ui.succeed(`Renewed the token of ${renewed.name}${Number.isFinite(left) ? `. It expires in ${formatDuration(left)}` : ''}.`);
    } else {
      const { message, hint } = renewed.failure;
      if (names.length > 1) context.ui.fail(`${renewed.name}: ${message}`, hint);
      failures.push(renewed.failure);
    }
  };
  await renewMany(names, report, context);
  const [first] = failures;
  if (first && names.length === 1) throw first;
  if (first) throw new AuthError(first.code, `${failures.length} of ${names.length} logins could not be renewed.`);
}

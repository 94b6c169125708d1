import { AuthError } from '../errors.js';
import { checkStoreOption } from '../store/open.js';
import { copyServers } from '../transfer/copy.js';
import type { Command, CommandOption } from './command.js';

const options = [
  { flags: '--from <store>', help: 'store to take the logins from: a file or a URL (default: the usual store)', complete: 'file' },
  { flags: '--to <store>', help: 'store to put them into: a file or a URL (default: the usual store)', complete: 'file' },
  { flags: '--keep', help: 'leave the logins in the first store as well (two stores cannot both renew a login)' },
  { flags: '--plaintext', help: 'let a database store the logins unsealed: its operators can read them' },
  { flags: '--replace', help: 'replace other logins that the second store has' },
] as const satisfies readonly CommandOption[];

export const copy: Command<typeof options> = {
  description: 'Move logins from one store to another: between a file, PostgreSQL and Redis.',
  arguments: [{ syntax: '[name...]', help: 'names of servers (default: all)', complete: 'server' }],
  options,
  examples: ['copy --to postgres://mcp@db.example.com/mcp', 'copy linear --from redis://cache.example.com --to ./mcp-servers.json'],
  run: async ({ arguments: named, options: { from, to, keep = false, plaintext = false, replace = false } }, context) => {
    const { ui } = context;
    if (from === undefined && to === undefined) throw new AuthError('usage', 'Name the other store with --from or --to.');
    for (const place of [from, to]) if (place !== undefined) checkStoreOption(place);
    const stores = [from, to].map((place) => (place === undefined ? context.store : context.openStore(place)));
    const [source = context.store, target = context.store] = stores;
    const copied: string[] = [];
    try {
      await copyServers(
        {
          ...{ from: source, to: target, keep, plaintext, replace, names: named.filter((name) => name !== undefined) },
          report: ({ name, login }) => {
            copied.push(name);
            ui.succeed(`${login === undefined ? 'Copied the server' : keep ? 'Copied the login to' : 'Moved the login to'} ${name}.`);
          },
        },
        context,
      );
    } finally {
      for (const warning of stores.flatMap((store) => (store === context.store ? [] : store.getWarnings()))) ui.warn(warning);
      await Promise.all(stores.filter((store) => store !== context.store).map((store) => store.close()));
    }
    ui.say(`  ${copied.length} server${copied.length === 1 ? '' : 's'} from ${source.path} to ${target.path}`);
    if (keep && copied.length > 0)
      ui.warn('Both stores have these logins now. If both renew one, it ends: use only one of the two stores.');
  },
};

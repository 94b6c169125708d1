/** New tokens that cannot be written to the store. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerQuickly } from '../../src/fast-path/quick.js';
import { readStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { loggedIn, now } from './logged-in.js';

describe('tokens that cannot be written to the store', () => {
  /**
   * A store in whose place, or, as `folder`, in the place of whose folder there is something else from the moment when the server
   * answers; `mend` puts it back.
   */
  async function broken(what: 'store' | 'folder') {
    const held = { store: '' };
    const place = () => (what === 'store' ? held.store : path.dirname(held.store));
    const { store, server } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            renameSync(place(), `${place()}.aside`);
            if (what === 'store') mkdirSync(place());
            else writeFileSync(place(), '');
            return { json: { access_token: 'saved', token_type: 'Bearer', expires_in: 3600, refresh_token: 'saved-r' } };
          },
        },
      ],
    });
    held.store = store;
    const mend = () => {
      rmSync(place(), { recursive: true });
      renameSync(`${place()}.aside`, place());
    };
    return { store, server, mend };
  }

  test.each(['store', 'folder'] as const)(
    'because its %s is missing are kept next to it or in the temporary folder, reported, and stored at the next run',
    async (what) => {
      const { store, server, mend } = await broken(what);
      const token = run('token fake', { store });
      expect(await token.exit, token.stderr).toBe(0);
      expect(token.stdout).toBe('saved\n');
      expect(token.stderr).toContain('could not be stored');
      expect(token.stderr).not.toContain('saved-r');
      const kept = /They are in (\S+)\. /.exec(token.stderr)?.[1] ?? '';
      expect(kept.startsWith(path.dirname(store))).toBe(what === 'store');
      expect(statSync(kept).mode & 0o777).toBe(0o600);
      mend();

      const next = run('token fake', { store });
      expect(await next.exit).toBe(0);
      expect(next.stdout).toBe('saved\n');
      expect(next.stderr).toBe('');
      expect(server.asked('POST /token')).toHaveLength(1);
      expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'saved', refresh_token: 'saved-r', note: 'not ours' });
      expect(existsSync(kept)).toBe(false);
    },
  );

  test.each([{ then: 'is still in the store' }, { then: 'is gone' }])(
    'in the temporary folder are found, and removed from it, if the server $then',
    async ({ then }) => {
      const { store, mend } = await broken('folder');
      const before = readStore(store);
      const token = run('token fake', { store });
      expect(await token.exit).toBe(0);
      const kept = /They are in (\S+)\. /.exec(token.stderr)?.[1] ?? '';
      mend();
      before.mcpServers.fake.auth.expires_at = now() + 3600;
      writeFileSync(store, JSON.stringify(then === 'is gone' ? { mcpServers: {} } : before));
      const argv = ['token', 'fake'];
      expect(answerQuickly({ argv, variables: { MCP_AUTH_STORE: store }, now: Date.now() })).toBeUndefined();
      expect(await run('list', { store }).exit).toBe(0);
      expect(existsSync(kept)).toBe(false);
      expect(existsSync(`${store}.fake.newest`)).toBe(then === 'is still in the store');
    },
  );

  test('are kept if another program has emptied the file in order to rewrite it', async () => {
    const held = { store: '' };
    const { store } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            writeFileSync(held.store, '');
            return { json: { access_token: 'saved', token_type: 'Bearer', expires_in: 3600, refresh_token: 'saved-r' } };
          },
        },
      ],
    });
    held.store = store;
    const text = readFileSync(store);
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('saved\n');
    writeFileSync(store, text);
    expect(await run('list', { store }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'saved', refresh_token: 'saved-r' });
  });

  test('do not replace a newer login', async () => {
    const { store, mend } = await broken('store');
    expect(await run('token fake', { store }).exit).toBe(0);
    mend();
    const document = readStore(store);
    Object.assign(document.mcpServers.fake.auth, { token: 'newer', expires_at: now() + 3600 });
    writeFileSync(store, JSON.stringify(document));
    const token = run('token fake', { store });
    expect(await token.exit).toBe(0);
    expect(token.stdout).toBe('newer\n');
  });
});

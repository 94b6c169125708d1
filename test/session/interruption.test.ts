/** Ctrl-C during a renewal. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLockOwner } from '../../src/store/lock-owner.js';
import { readStore } from '../helpers/folder.js';
import { run, type Run } from '../helpers/run.js';
import { storedLogin } from '../helpers/stored-login.js';
import { loggedIn } from './logged-in.js';

test.each(['fake.lock', 'lock'])('Ctrl-C ends the wait for a lock that another process holds: %s', async (name) => {
  const { server, store } = await loggedIn(-1);
  const lock = `${store}.${name}`;
  mkdirSync(lock);
  writeFileSync(path.join(lock, 'owner.json'), JSON.stringify(await createLockOwner('another')));
  const token = run('token fake', { store });
  // If the lock were free, a command that started later would be done by now.
  const other = storedLogin(server, { expires_at: 1 });
  expect(await run('token fake', { store: other }).exit).toBe(0);
  token.interrupt();
  expect(await token.exit).toBe(130);
  expect(server.asked('POST /token')).toHaveLength(1);
  expect(existsSync(lock)).toBe(true);
});

describe('Ctrl-C', () => {
  test('after the refresh request is sent waits until the response is stored', async () => {
    const running: { token?: Run } = {};
    const { store } = await loggedIn(-1, {
      change: () => [
        {
          want: 'POST /token',
          respond: () => {
            running.token?.interrupt();
            return { json: { access_token: 'a', token_type: 'Bearer', expires_in: 3600, refresh_token: 'b' } };
          },
        },
      ],
    });
    running.token = run('token fake', { store });
    expect(await running.token.exit).toBe(130);
    expect(running.token.stdout).toBe('');
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'a', refresh_token: 'b' });
  });

  test('before that ends the command, and nothing is sent', async () => {
    const { store, server } = await loggedIn(-1);
    const token = run('token fake', { store });
    token.interrupt();
    expect(await token.exit).toBe(130);
    expect(server.asked('POST /token')).toEqual([]);
  });
});

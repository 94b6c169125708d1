/** Ctrl-C while a token is renewed. */
import { mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readStore } from '../helpers/folder.js';
import { run, type Run } from '../helpers/run.js';
import { loggedIn } from './logged-in.js';

test.each(['fake.lock', 'lock'])('Ctrl-C ends the waiting for a lock that another process holds: %s', async (name) => {
  const { store } = await loggedIn(-1);
  mkdirSync(`${store}.${name}`);
  const token = run('token fake', { store });
  token.interrupt();
  expect(await token.exit).toBe(130);
});

describe('Ctrl-C', () => {
  test('once a refresh is on the wire waits until its answer is stored', async () => {
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

  test('before that ends it, and nothing is sent', async () => {
    const { store, server } = await loggedIn(-1);
    const token = run('token fake', { store });
    token.interrupt();
    expect(await token.exit).toBe(130);
    expect(server.asked('POST /token')).toEqual([]);
  });
});

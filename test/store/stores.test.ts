/** What every store must do, wherever it is: in a file, and in a real server of every engine. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findClient, putClient } from '../../src/store/clients.js';
import { findServer, putServer, type StoreDocument } from '../../src/store/document.js';
import { readLogin, writeLogin } from '../../src/store/login.js';
import type { Store } from '../../src/store/store.js';
import { temporaryFolder } from '../helpers/folder.js';
import { loginAt } from '../helpers/login-at.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';
import { describeDatabases, describePlaces, openPlace, readRows, takeOver } from '../helpers/store-places.js';

const url = 'https://mcp.example/mcp';
const login = {
  accessToken: 'token-0',
  tokenType: 'bearer',
  refreshToken: 'refresh-0',
  issuer: 'https://as.example',
  clientId: 'c',
} as const;

function open(place: string, folder?: string): Store {
  const store = openPlace(place, { folder: folder ?? temporaryFolder() });
  onTestFinished(() => store.close());
  return store;
}

function putLogin(document: StoreDocument, name: string, changes: object = {}): void {
  writeLogin(putServer(document, { name, url }), { ...login, ...changes }, name);
}

/** The texts of all files in a folder. */
function readTexts(folder: string): Promise<string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile());
  return Promise.resolve(files.map((one) => readFileSync(path.join(one.parentPath, one.name), 'utf8')).join('\n'));
}

describePlaces((place) => {
  test('keeps servers, logins, registrations and the members of other programs', async () => {
    const address = await place().create();
    const foreign = { command: 'npx', args: ['-y', 'thing'], env: { A: 'b' } };
    await open(address).update((document) => {
      putLogin(document, 'one');
      putServer(document, { name: '__proto__x', url });
      (document.mcpServers ??= {})['local'] = foreign;
      document['pflow'] = { deep: [1, null, 'ä\u0000'] };
      putClient(document, login.issuer, { client_id: 'older' });
      putClient(document, login.issuer, { client_id: 'c', client_secret: 's' });
    });
    const document = await open(address).read();
    expect(readLogin(findServer(document, 'one'))).toEqual(login);
    expect(document.mcpServers?.['local']).toEqual(foreign);
    expect(document['pflow']).toEqual({ deep: [1, null, 'ä\u0000'] });
    expect(document.oauthClients?.[login.issuer]?.map(({ client_id: id }) => id)).toEqual(['c', 'older']);
  });

  test('reading one server finds its login and its client', async () => {
    const address = await place().create();
    await open(address).update((document) => {
      putLogin(document, 'one');
      putClient(document, login.issuer, { client_id: 'c', client_secret: 's' });
    });
    const document = await open(address).read('one');
    expect(readLogin(findServer(document, 'one'))).toEqual(login);
    expect(findClient(document, login.issuer, 'c')).toEqual({ client_id: 'c', client_secret: 's' });
  });

  test('many writers at once lose no change', async () => {
    const address = await place().create();
    const numbers = Array.from({ length: 24 }, (_, number) => number);
    const stores = [open(address), open(address), open(address)];
    await stores[0]?.update((document) => (document['count'] = 0));
    await Promise.all(
      numbers.map(async (number) =>
        stores[number % 3]?.update((document) => {
          document['count'] = Number(document['count']) + 1;
          putServer(document, { name: `server-${number}`, url });
        }),
      ),
    );
    const document = await open(address).read();
    expect(document['count']).toBe(24);
    expect(Object.keys(document.mcpServers ?? {})).toHaveLength(24);
  });

  test('a change that throws changes nothing, and what was removed is gone', async () => {
    const address = await place().create();
    const store = open(address);
    await store.update((document) => putLogin(document, 'one'));
    await expect(
      store.update((document) => {
        delete document.mcpServers?.['one'];
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(readLogin(findServer(await store.read(), 'one'))).toEqual(login);
    await store.update((document) => delete document.mcpServers?.['one']);
    expect(findServer(await open(address).read(), 'one')).toBeUndefined();
    await open(address).update((document) => putLogin(document, 'one', { accessToken: 'again' }));
    expect(readLogin(findServer(await store.read('one'), 'one'))?.accessToken).toBe('again');
  });

  test('one holder of a lock at a time; those who wait get its result', async () => {
    const address = await place().create();
    const folder = temporaryFolder();
    let running = 0;
    let most = 0;
    let done: string | undefined;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 50));
      running -= 1;
      done = 'done';
      return 'worked';
    };
    const stores = Array.from({ length: 6 }, () => open(address, folder));
    const results = await Promise.all(stores.map((store) => store.withServerLock('one', work, () => Promise.resolve(done))));
    expect(most).toBe(1);
    expect(results.filter((one) => one === 'worked').length).toBeGreaterThanOrEqual(1);
    expect(results.filter((one) => one !== 'worked')).toEqual(results.filter((one) => one === 'done'));
    const after = await Promise.all(stores.map((store) => store.withServerLock('one', work)));
    expect(after).toEqual(stores.map(() => 'worked'));
    expect(most).toBe(1);
  });

  test('a login that was renewed but could not be stored is found by the next reader of this machine', async () => {
    const address = await place().create();
    const folder = temporaryFolder();
    const store = open(address, folder);
    await store.update((document) => putLogin(document, 'one'));
    const renewed = { ...login, accessToken: 'token-1', refreshToken: 'refresh-1' };
    await store.savePendingRenewal({ name: 'one', login: renewed, document: await store.read() });
    expect(readLogin(findServer(await open(address, folder).peek('one'), 'one'))).toEqual(renewed);
    expect(readLogin(findServer(await open(address, folder).read('one'), 'one'))).toEqual(renewed);
    // It is in the store now, for other machines as well.
    expect(readLogin(findServer(await open(address).read(), 'one'))).toEqual(renewed);
  });

  test('an older response does not replace newer tokens', async () => {
    const address = await place().create();
    const folder = temporaryFolder();
    const store = open(address, folder);
    await store.update((document) => putLogin(document, 'one'));
    const before = await store.read();
    await open(address).update((document) => putLogin(document, 'one', { accessToken: 'newer', refreshToken: 'newer' }));
    await store.savePendingRenewal({ name: 'one', login: { ...login, accessToken: 'late', refreshToken: 'late' }, document: before });
    expect(readLogin(findServer(await store.read(), 'one'))?.accessToken).toBe('newer');
    expect(readLogin(findServer(await open(address).read(), 'one'))?.accessToken).toBe('newer');
  });

  test('attempts are finished once', async () => {
    const address = await place().create();
    const now = Date.now();
    const attempt = { format: 2, attempt: 'abcd1234', server: 'one', started_at: now / 1000, expires_at: now / 1000 + 60, verifier: 'v' };
    await open(address).saveAttempt(attempt);
    await open(address).saveAttempt({ ...attempt, attempt: 'expired1', expires_at: now / 1000 - 1 });
    expect(await open(address).readAttempts(now)).toEqual([attempt]);
    const finish = (store: Store) => store.finishAttempt(attempt, () => Promise.resolve('finished'));
    const results = await Promise.all([finish(open(address)), finish(open(address)), finish(open(address))]);
    expect(results.sort()).toEqual(['finished', undefined, undefined]);
    await open(address).saveAttempt(attempt);
    await open(address).removeAttempts('one', now);
    expect(await open(address).readAttempts(now)).toEqual([]);
  });

  test('while a database is away, its logins are remembered, but not by who renews one of them', async () => {
    const { create, server } = place();
    // A file is never away.
    if (server === undefined) return;
    const store = open(await create());
    await store.update((document) => putLogin(document, 'one'));
    await store.read('one');
    await store.withServerLock('one', async () => {
      await server.stop();
      await expect(store.read('one')).rejects.toMatchObject({ code: 'store_away' });
    });
    expect(readLogin(findServer(await store.read('one'), 'one'))).toEqual(login);
    await server.start();
  });

  test('the user’s interrupt ends the wait for a lock', async () => {
    const address = await place().create();
    const interrupt = new AbortController();
    const waiting = openPlace(address, { signal: interrupt.signal });
    await open(address).withServerLock('one', async () => {
      const wait = waiting.withServerLock('one', () => Promise.resolve());
      interrupt.abort(new Error('interrupted'));
      await expect(wait).rejects.toThrow('interrupted');
    });
    await waiting.close();
  });
});

describePlaces((place) => {
  /** Runs a command on a store, with a home folder of its own. */
  function runAt(address: string, line: string | readonly string[], options: Partial<Parameters<typeof run>[1]> = {}) {
    const folder = temporaryFolder();
    return run(line, { ...options, store: address, env: { HOME: folder, MCP_AUTH_PREFERENCES: `${folder}/preferences.json` } });
  }

  test('a login in two steps, and every command on it', async () => {
    const { authorizationServer, mcpServer } = await realServers();
    const address = await place().create();
    const succeed = async (line: string | readonly string[], options?: Partial<Parameters<typeof run>[1]>) => {
      const command = runAt(address, line, options);
      expect(await command.exit, `${String(line)}\n${command.stderr}`).toBe(0);
      return command;
    };
    const start = await succeed(`login ${mcpServer.url} --name demo --flow paste --start --json`);
    const end = await new Person().approve(String(start.events[0]?.['url']));
    const finish = await succeed('login demo --json --finish', { stdin: { text: `${end}\n` } });
    expect(finish.events).toMatchObject([{ event: 'logged_in', server: 'demo' }]);

    const first = (await succeed('token demo')).stdout.trim();
    expect(await authorizationServer.inspect(first)).toBeDefined();
    expect(JSON.parse((await succeed('headers demo')).stdout)).toEqual({ Authorization: `Bearer ${first}` });
    expect((await succeed('list')).stdout).toContain('demo');
    expect((await succeed('refresh demo')).stderr).toContain('Renewed the token of demo');
    const second = (await succeed('token demo')).stdout.trim();
    expect(second).not.toBe(first);
    expect(await authorizationServer.inspect(second)).toBeDefined();
    expect((await succeed('doctor demo')).stdout).not.toMatch(/^✗/m);
    await succeed('add other https://other.example/mcp');
    await succeed('remove other');
    const exported = (await succeed('export demo --move')).stdout;
    expect(await runAt(address, 'token demo').exit).toBe(3);
    await succeed('import', { stdin: { text: exported } });
    expect((await succeed('token demo')).stdout.trim()).toBe(second);
    await succeed('logout demo');
    expect(await authorizationServer.inspect(second)).toBeUndefined();
    expect(await runAt(address, 'token demo').exit).toBe(3);
  });

  test('twenty callers of an expired login refresh once', async () => {
    let refreshes = 0;
    const server = await fakeServer(() => [
      {
        want: 'POST /token',
        respond: () => {
          refreshes += 1;
          return {
            json: { access_token: `new-${refreshes}`, token_type: 'Bearer', expires_in: 3600, refresh_token: `refresh-${refreshes}` },
          };
        },
      },
    ]);
    const address = await place().create();
    const entry = { type: 'http', url: server.url, auth: loginAt(server, { expires_at: 1 }) };
    await open(address).update((document) => void ((document.mcpServers ??= {})['demo'] = entry));
    const callers = Array.from({ length: 20 }, () => runAt(address, 'token demo'));
    expect(await Promise.all(callers.map(({ exit }) => exit))).toEqual(callers.map(() => 0));
    expect(new Set(callers.map(({ stdout }) => stdout.trim()))).toEqual(new Set(['new-1']));
    expect(refreshes).toBe(1);
  });

  test('sealed, it has no token in plain text; without the identity it is an error, and unsealed, it is as before', async () => {
    const { mcpServer } = await realServers();
    const address = await place().create();
    const folder = temporaryFolder();
    const env = { HOME: folder, MCP_AUTH_PREFERENCES: `${folder}/preferences.json` };
    const runHere = async (line: string, more: Partial<Parameters<typeof run>[1]> = {}) => {
      const command = run(line, { store: address, env, ...more });
      return { exit: await command.exit, command };
    };
    const readAll = () => (place().server === undefined ? readTexts(path.dirname(address)) : readRows(address));
    expect((await runHere(`seal --new-identity ${folder}/identity.txt`)).exit).toBe(0);
    const { command: start } = await runHere(`login ${mcpServer.url} --name demo --flow paste --start --json`);
    const url = String(start.events[0]?.['url']);
    expect(await readAll()).not.toContain(new URL(url).searchParams.get('state'));
    const { exit, command: finish } = await runHere('login demo --finish', { stdin: { text: `${await new Person().approve(url)}\n` } });
    expect(exit, finish.stderr).toBe(0);
    const token = (await runHere('token demo')).command.stdout.trim();
    expect((await runHere('refresh demo')).exit).toBe(0);
    const renewed = (await runHere('token demo')).command.stdout.trim();
    const login = readLogin(
      findServer(
        await open(address)
          .read()
          .catch(() => ({})),
        'demo',
      ),
    );
    expect(login).toBeUndefined();
    for (const secret of [token, renewed]) {
      expect(secret).toMatch(/\S{20}/);
      expect(await readAll()).not.toContain(secret);
    }
    const stranger = temporaryFolder();
    const { exit: refused, command: other } = await runHere('token demo', {
      env: { ...env, HOME: stranger, MCP_AUTH_PREFERENCES: `${stranger}/p` },
    });
    expect(refused).toBe(1);
    expect(other.stderr).toContain('no identity to open it is configured');
    expect((await runHere(`unseal ${place().server === undefined ? '--yes' : '--plaintext'}`)).exit).toBe(0);
    expect((await runHere('token demo')).command.stdout.trim()).toBe(renewed);
    expect(await readAll()).toContain(renewed);
  });

  test('no file with a token is left on this machine', async () => {
    const server = await fakeServer();
    const address = await place().create();
    const folder = temporaryFolder();
    const entry = { type: 'http', url: server.url, auth: loginAt(server, { expires_at: 1 }) };
    const store = open(address, folder);
    await store.update((document) => void ((document.mcpServers ??= {})['demo'] = entry));
    const command = run('refresh demo', { store: address, env: { HOME: folder, MCP_AUTH_PREFERENCES: `${folder}/preferences.json` } });
    expect(await command.exit, command.stderr).toBe(0);
    const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.newest'));
    expect(left).toEqual([]);
  });
});

describeDatabases((place) => {
  test('a holder that was stopped past its lease sends nothing, and begins again when the other is done', async () => {
    const address = await place().create();
    const store = open(address);
    let runs = 0;
    const work = async () => {
      runs += 1;
      if (runs > 1) return runs;
      await store.checkWritable('one');
      const release = await takeOver(address, 'renewal one');
      await store.checkWritable('one').finally(release);
      return 'sent';
    };
    expect(await store.withServerLock('one', work)).toBe(2);
  });

  test('and what it writes waits for the other, whose newer tokens it does not replace', async () => {
    const address = await place().create();
    const store = open(address);
    await store.update((document) => putLogin(document, 'one'));
    const done: string[] = [];
    await store.withServerLock('one', async () => {
      const release = await takeOver(address, 'renewal one');
      const writing = store
        .update((document) => {
          const current = readLogin(findServer(document, 'one'))?.accessToken;
          if (current === login.accessToken) putLogin(document, 'one', { accessToken: 'late' });
          return current;
        }, 'one')
        .finally(() => done.push('late'));
      await open(address).update((document) => putLogin(document, 'one', { accessToken: 'newer' }));
      done.push('newer');
      await release();
      expect(await writing).toBe('newer');
    });
    expect(done).toEqual(['newer', 'late']);
    expect(readLogin(findServer(await open(address).read(), 'one'))?.accessToken).toBe('newer');
  });

  test('while a database is away, what was read before is used; a new process says what is wrong, with exit 6', async () => {
    const { server } = place();
    const fake = await fakeServer();
    const address = await place().create();
    const store = open(address);
    const entry = { type: 'http', url: fake.url, auth: loginAt(fake) };
    await store.update((document) => void ((document.mcpServers ??= {})['demo'] = entry));
    const before = await store.read('demo');
    const unsaved = temporaryFolder();
    const late = open(address, unsaved);
    const document = await late.read('demo');
    await server.stop();
    expect(await store.read('demo')).toEqual(before);
    expect(store.getWarnings().join()).toContain('cannot be reached');
    await expect(store.update((now) => delete now.mcpServers)).rejects.toMatchObject({ code: 'store_away' });
    const renewed = { ...login, accessToken: 'token-1', refreshToken: 'refresh-1' };
    await late.savePendingRenewal({ name: 'demo', login: renewed, document });
    const folder = temporaryFolder();
    const command = run('token demo', { store: address, env: { HOME: folder, MCP_AUTH_PREFERENCES: `${folder}/preferences.json` } });
    expect(await command.exit).toBe(6);
    expect(command.stderr).toMatch(/at 127\.0\.0\.1:\d+ cannot be reached: connection refused/);
    await server.start();
    // What could not be stored comes into the database with the next command on that machine.
    expect(readLogin(findServer(await open(address, unsaved).read('demo'), 'demo'))?.accessToken).toBe('token-1');
    expect(readLogin(findServer(await store.read('demo'), 'demo'))?.accessToken).toBe('token-1');
  });
});

describe('copy', () => {
  test('names the other store, and no password in a command line', async () => {
    const store = temporaryFolder();
    const alone = run('copy', { store: `${store}/a.json` });
    expect(await alone.exit).toBe(2);
    expect(alone.stderr).toContain('--from or --to');
    const password = run('copy --to postgres://user:secret-word@127.0.0.1/db', { store: `${store}/a.json` });
    expect(await password.exit).toBe(2);
    expect(password.stderr).toContain('has a password');
    expect(password.stderr).not.toContain('secret-word');
  });
});

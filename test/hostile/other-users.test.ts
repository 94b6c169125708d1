/** Other users of the machine: their links, stores and locks. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundle } from '../../scripts/bundler.js';
import { makeReachable, reachableFolder, type Reachable } from '../helpers/reachable.js';
import { secretStore, start } from './starting.js';

const isRoot = process.getuid?.() === 0;
// Only root can be two users at once.
const others = isRoot ? describe : describe.skip;
others(`other users of the machine${isRoot ? '' : ' (skipped: only root can be two users)'}`, () => {
  const [me, stranger] = [65_001, 65_002];
  let at: Reachable;
  beforeAll(() => void (at = makeReachable()));
  afterAll(() => at.remove());

  /** A folder that others can enter, whatever the temporary folder is here. */
  function temporaryFolder(): string {
    const folder = mkdtempSync(path.join(reachableFolder(), 'mcp-auth-others-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** A folder like /tmp, and a store in it. */
  function shared(owner: number, document: object = secretStore) {
    const folder = temporaryFolder();
    chmodSync(folder, 0o1777);
    const store = path.join(folder, 'mcp-servers.json');
    writeFileSync(store, JSON.stringify(document), { mode: 0o644 });
    chmodSync(store, 0o666);
    chownSync(store, owner, owner);
    return { folder, store };
  }
  const run = async (words: readonly string[], store: string, env: Record<string, string> = {}) => {
    const child = start(words, { uid: me, at, env: { MCP_AUTH_STORE: store, HOME: '/nonexistent', ...env } });
    return { exit: await child.exit, ...child.output };
  };

  test('a store of one’s own, or of root, as a secret is mounted, is taken', async () => {
    for (const owner of [me, 0])
      expect(await run(['token', 'demo'], shared(owner).store)).toMatchObject({ exit: 0, stdout: 'SECRET-token\n' });
  });

  test('another user’s store is refused, to read and to write', async () => {
    const { store } = shared(stranger);
    const before = readFileSync(store, 'utf8');
    for (const words of [['token', 'demo'], ['list'], ['add', 'mine', 'https://b.example']]) {
      const { exit, stdout, stderr } = await run(words, store);
      expect({ exit, stdout }, stderr).toEqual({ exit: 1, stdout: '' });
      expect(stderr).toContain(`belongs to another user (uid ${stranger})`);
    }
    expect(readFileSync(store, 'utf8')).toBe(before);
  });

  test('another user’s link to a store of one’s own is not followed', async () => {
    const { store } = shared(me);
    const { folder } = shared(stranger);
    const link = path.join(folder, 'link');
    symlinkSync(store, link);
    spawnSync('chown', ['-h', String(stranger), link]);
    expect(lstatSync(link).uid).toBe(stranger);
    const { exit, stderr } = await run(['token', 'demo'], link);
    expect(exit).toBe(1);
    expect(stderr).toContain(`belongs to another user (uid ${stranger})`);
  });

  test('a login that another user has started in the same folder is not finished', async () => {
    const { store } = shared(me, { mcpServers: {} });
    const planted = `${store}.planted.attempt`;
    const attempt = {
      attempt: 'planted',
      server: 'evil',
      started_at: 4e12,
      expires_at: 4e9,
      url: 'https://evil.example',
      address: 'https://evil.example',
      flow: 'device',
      verify: false,
      metadata: { issuer: 'https://evil.example' },
      resource: 'https://evil.example',
      client: { client_id: 'c' },
      kept: {},
    };
    writeFileSync(planted, JSON.stringify(attempt), { mode: 0o644 });
    chownSync(planted, stranger, stranger);
    const { exit, stderr } = await run(['login', '--finish'], store);
    expect(exit).toBe(1);
    expect(stderr).toContain('No login is waiting to be finished');
    chownSync(planted, me, me);
    expect((await run(['login', '--finish'], store)).stderr).not.toContain('No login is waiting to be finished');
  });

  test('tokens that cannot be stored are not put into a folder that another user has made for them', async () => {
    const { folder } = shared(me);
    const planted = path.join(folder, `mcp-auth-${me}`);
    mkdirSync(planted);
    // The store’s own folder is root’s, so that the temporary folder is what is left.
    const closed = path.join(temporaryFolder(), 'mcp-servers.json');
    chmodSync(path.dirname(closed), 0o755);
    const rescue = path.join(folder, 'rescue.mjs');
    await bundle({ input: { rescue: 'src/store/newest.ts' }, output: { file: rescue, format: 'esm' }, version: '' });
    chmodSync(rescue, 0o644);
    const script = `import(${JSON.stringify(rescue)})
      .then(({ writePendingRenewal }) => writePendingRenewal(${JSON.stringify(closed)}, { name: 'demo', before: { auth: { token: 'x' } }, document: { mcpServers: { demo: { auth: { token: 'SECRET-token' } } } } }))
      .then((file) => console.log(file), (error) => console.log(error.code));`;
    const rescued = () =>
      spawnSync(at.node, ['-e', script], { uid: me, gid: me, cwd: '/', env: { TMPDIR: folder }, encoding: 'utf8' }).stdout.trim();
    chownSync(planted, stranger, stranger);
    chmodSync(planted, 0o777);
    expect(rescued()).toBe('store_unwritable');
    expect(readdirSync(planted)).toEqual([]);
    chownSync(planted, me, me);
    expect(rescued()).toBe('store_unwritable');
    chmodSync(planted, 0o700);
    expect(rescued()).toContain(planted);
  });

  test('an app’s file that leads to another user gets no token', async () => {
    const { store } = shared(me);
    const home = temporaryFolder();
    chownSync(home, me, me);
    const theirs = path.join(temporaryFolder(), 'theirs.json');
    writeFileSync(theirs, '{}');
    chmodSync(path.dirname(theirs), 0o777);
    chmodSync(theirs, 0o666);
    chownSync(theirs, stranger, stranger);
    mkdirSync(path.join(home, '.cursor'));
    chownSync(path.join(home, '.cursor'), me, me);
    symlinkSync(theirs, path.join(home, '.cursor/mcp.json'));
    const { exit, stderr } = await run(['connect', 'cursor', 'demo', '--how', 'header'], store, { HOME: home });
    expect(exit).toBe(1);
    expect(stderr).toContain(`belongs to uid ${stranger}`);
    expect(readFileSync(theirs, 'utf8')).toBe('{}');
  });

  const uuid = '0a1b2c3d-0000-4000-8000-0123456789ab';
  const longAgo = new Date(Date.now() - 3_600_000);
  /** Makes a folder with a file in it, both of `owner`, that seem to have been left long ago. */
  function leave(folder: string, name: string, owner: number): void {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(path.join(folder, name), '{}');
    chownSync(path.join(folder, name), owner, owner);
    chownSync(folder, owner, owner);
    utimesSync(folder, longAgo, longAgo);
  }
  /** A link of another user. */
  function plantLink(to: string, link: string, owner = stranger): string {
    symlinkSync(to, link);
    spawnSync('chown', ['-h', `${owner}:${owner}`, link]);
    return link;
  }
  function plantPipe(file: string): void {
    expect(spawnSync('mkfifo', ['-m', '666', file]).status).toBe(0);
    chownSync(file, stranger, stranger);
  }

  test('what has been moved to where leftovers are looked for is not taken away; our own leftovers are', async () => {
    const { folder, store } = shared(me);
    chmodSync(folder, 0o777);
    const place = (name: string) => path.join(folder, `.mcp-servers.json.${name}.tmp`);
    leave(place(uuid), 'precious', me);
    leave(place(`lock.${uuid}`), 'owner.json', me);
    leave(place(`theirs.lock.${uuid}`), 'owner.json', stranger);
    leave(path.join(folder, '.mcp-servers.json.notes.tmp'), 'owner.json', me);
    const { exit, stderr } = await run(['add', 'mine', 'https://b.example'], store);
    expect(exit, stderr).toBe(0);
    expect(readdirSync(place(uuid))).toEqual(['precious']);
    expect(readdirSync(folder).sort()).toEqual([
      `.mcp-servers.json.${uuid}.tmp`,
      '.mcp-servers.json.notes.tmp',
      `.mcp-servers.json.theirs.lock.${uuid}.tmp`,
      'mcp-servers.json',
    ]);
  });

  test('a pipe in the place of a store is not waited for', async () => {
    const { folder } = shared(me);
    plantPipe(path.join(folder, 'pipe'));
    for (const words of [['list'], ['token', 'demo'], ['add', 'mine', 'https://b.example']]) {
      const { exit, stderr } = await run(words, path.join(folder, 'pipe'));
      expect(exit, stderr).toBe(1);
      expect(stderr).toContain(`belongs to another user (uid ${stranger})`);
    }
  });

  test('a lock that another user has planted, with a pipe for its owner, is given up', async () => {
    const { folder, store } = shared(me);
    chmodSync(folder, 0o777);
    const lock = `${store}.lock`;
    mkdirSync(lock, { mode: 0o755 });
    plantPipe(path.join(lock, 'owner.json'));
    chownSync(lock, stranger, stranger);
    utimesSync(lock, longAgo, longAgo);
    const { exit, stderr } = await run(['add', 'mine', 'https://b.example'], store);
    expect(exit, stderr).toBe(0);
  });

  test('nothing is written through another user’s link that leads nowhere yet, or stands behind one of ours', async () => {
    const theirs = temporaryFolder();
    chmodSync(theirs, 0o777);
    const { folder, store } = shared(me);
    const planted = plantLink(path.join(theirs, 'new', 'store.json'), path.join(folder, 'planted'));
    const behind = plantLink(planted, path.join(folder, 'behind'), me);
    const toOurs = plantLink(plantLink(store, path.join(folder, 'middle')), path.join(folder, 'first'), me);
    const before = readFileSync(store, 'utf8');
    for (const link of [planted, behind, toOurs]) {
      const { exit, stderr } = await run(['add', 'mine', 'https://b.example'], link);
      expect(exit, stderr).toBe(1);
      expect(stderr).toContain(`belongs to another user (uid ${stranger})`);
    }
    const config = ['config', 'client-metadata-url', 'https://a.example/client.json'];
    const preferring = await run(config, store, { MCP_AUTH_PREFERENCES: planted });
    expect(preferring.exit, preferring.stderr).toBe(1);
    expect(preferring.stderr).toContain(`belong to another user (uid ${stranger})`);
    expect(readdirSync(theirs)).toEqual([]);
    expect(readFileSync(store, 'utf8')).toBe(before);
  });

  test('root follows a user’s link to a file of that user, and to no other', async () => {
    const { folder, store } = shared(stranger);
    const asRoot = async (link: string) => {
      const child = start(['add', 'mine', 'https://b.example'], { at, env: { MCP_AUTH_STORE: link, HOME: '/nonexistent' } });
      return { exit: await child.exit, ...child.output };
    };
    const roots = temporaryFolder();
    const refused = await asRoot(plantLink(path.join(roots, 'new.json'), path.join(folder, 'dangling')));
    expect(refused.exit, refused.stderr).toBe(1);
    expect(refused.stderr).toContain(`belongs to another user (uid ${stranger})`);
    expect(readdirSync(roots)).toEqual([]);
    const taken = await asRoot(plantLink(store, path.join(folder, 'own')));
    expect(taken.exit, taken.stderr).toBe(0);
  });

  test('an app’s file behind a link of another user is left alone', async () => {
    const { store } = shared(me);
    const home = temporaryFolder();
    const cursor = path.join(home, '.cursor');
    mkdirSync(cursor);
    writeFileSync(path.join(cursor, 'ours.json'), '{}');
    for (const file of [home, cursor, path.join(cursor, 'ours.json')]) chownSync(file, me, me);
    const { folder } = shared(stranger);
    plantLink(plantLink(path.join(cursor, 'ours.json'), path.join(folder, 'theirs')), path.join(cursor, 'mcp.json'), me);
    const { exit, stderr } = await run(['connect', 'cursor', 'demo', '--how', 'header'], store, { HOME: home });
    expect(exit, stderr).toBe(1);
    expect(stderr).toContain(`belongs to uid ${stranger}`);
    expect(readFileSync(path.join(cursor, 'ours.json'), 'utf8')).toBe('{}');
  });

  test('newest tokens are not taken from a folder that another user has made for them', async () => {
    const { folder, store } = shared(me);
    const planted = path.join(folder, `mcp-auth-${me}`);
    mkdirSync(planted);
    const print = (text: string) => createHash('sha256').update(text).digest('base64url');
    const kept = path.join(planted, `${print(`${store} demo`)}.json`);
    const { demo } = secretStore.mcpServers;
    const server = { ...demo, auth: { ...demo.auth, token: 'replayed' } };
    writeFileSync(kept, JSON.stringify({ name: 'demo', replaced: [print('SECRET-token ').slice(0, 22)], server }));
    chownSync(kept, me, me);
    chownSync(planted, stranger, stranger);
    expect((await run(['token', 'demo'], store, { TMPDIR: folder })).stdout).toBe('SECRET-token\n');
    chownSync(planted, me, me);
    chmodSync(planted, 0o700);
    expect((await run(['token', 'demo'], store, { TMPDIR: folder })).stdout).toBe('replayed\n');
  });

  test('a folder in which a group that is not one’s own, or its owner, can replace the store is warned of', async () => {
    const { folder, store } = shared(me);
    chmodSync(store, 0o600);
    const said = async (mode: number, uid: number, gid: number) => {
      chownSync(folder, uid, gid);
      chmodSync(folder, mode);
      return (await run(['list'], store)).stderr;
    };
    expect(await said(0o775, me, me)).toBe('');
    expect(await said(0o1777, 0, 0)).toBe('');
    expect(await said(0o775, me, stranger)).toContain(`Run: chmod g-w ${folder}`);
    expect(await said(0o755, stranger, stranger)).toContain(`belongs to another user (uid ${stranger}), who can replace ${store}`);
  });
});

/** Through a real sshd on loopback, as from a laptop. */
import os from 'node:os';
import { expect, test as anyTest } from 'vitest';
import { formatShellLine } from '../../src/text/command-line.js';
import { command } from '../helpers/build.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { Person } from '../helpers/person.js';
import { spawnInTerminal } from '../helpers/pty.js';
import { realServers } from '../helpers/servers.js';
import { canGiveTerminals, startSshd } from '../helpers/sshd.js';

const canBeTried = canGiveTerminals();
const reason = canBeTried ? '' : ' (skipped: /dev/pts is mounted without gid=, so that only root’s sshd can give a terminal)';
const test = canBeTried ? anyTest : anyTest.skip;

describeWith('sshd', `through SSH${reason}`, (sshd) => {
  /** `ssh -tt`, typed into a terminal of 100 columns. */
  async function login(options: readonly string[] = []) {
    const { mcpServer } = await realServers();
    const { ssh, port } = await startSshd(sshd);
    const store = temporaryStore();
    const words = ['login', mcpServer.url, '--name', 'demo', '--store', store, ...options];
    const line = `exec ${formatShellLine([process.execPath, command, ...words])}`;
    return { session: spawnInTerminal('ssh', [...ssh, line], { columns: 100, rows: 60 }), store, port };
  }

  test('by paste: the session is seen, and what would bring the browser back by itself is offered', async () => {
    const { session, store, port } = await login();
    await session.shown(/No browser is opened here: this is an SSH session\./);
    await session.shown(/\[p\] paste instead/);
    session.type('p');
    const url = await session.shown(/^(http:\S+\/auth\?\S+)$/m);
    const listening = new URL(new URL(url).searchParams.get('redirect_uri') ?? '').port;
    const forwarding = `ssh -L ${listening}:127.0.0.1:${listening} -p ${port} ${os.userInfo().username}@127.0.0.1`;
    await session.shown(/Paste the address here:/);
    expect(session.lines().join(' ').replace(/\s+/g, ' ')).toContain(forwarding);
    session.type(`\u001b[200~${(await new Person().approve(url)).replace(/(.{90})/g, '$1\r\n')}\u001b[201~\r`);
    expect(await session.exit).toBe(0);
    expect(session.lines().join('\n')).toContain('✓ Logged in to demo');
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('by device code', async () => {
    const { session, store } = await login();
    const userCode = await session.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
    await new Person().approveDevice(await session.shown(/^(http:\S+\/device)$/m), userCode);
    expect(await session.exit).toBe(0);
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('a connection that is lost ends it, and leaves nothing in the store', async () => {
    const { session, store } = await login(['--flow', 'paste']);
    await session.shown(/Paste the address here:/);
    session.type('\r~.');
    expect(await session.exit).toBe(255);
    expect(() => readStore(store) as unknown).toThrow('ENOENT');
  });
});

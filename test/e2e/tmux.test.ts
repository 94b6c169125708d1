/** In tmux, at the sizes that people have. */
import { expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { Person } from '../helpers/person.js';
import { fakeServer, realServers } from '../helpers/servers.js';
import { runInTmux } from '../helpers/tmux.js';

const code = /^([A-Z]{4}-[A-Z]{4}) *$/m;
const prompt = /Paste the address here:/;

describeWith('tmux', 'in tmux', (tmux) => {
  test.each([
    { columns: 80, rows: 24 },
    { columns: 40, rows: 20 },
  ])('a device login at $columns x $rows: what has to be read is on the screen, Ctrl-C leaves the shell as it was', async (size) => {
    const { mcpServer } = await realServers();
    const shell = runInTmux(tmux, `mcp-auth login ${mcpServer.url} --name demo --store ${temporaryStore()} --no-browser`, size);
    await shell.shown(/Waiting for approval: \d/);
    const rows = shell.screen().trimEnd().split('\n');
    expect(rows.filter((row) => /^[A-Z]{4}-[A-Z]{4}$/.test(row))).toHaveLength(1);
    expect(rows.filter((row) => /^http:\/\/127\.0\.0\.1:\d+\/device$/.test(row))).toHaveLength(1);
    expect(rows.at(-2)).toMatch(/^Waiting for approval: \d+:\d\d left$/);
    expect(rows.at(-1)).toMatch(/^\[c\] copy the address {3}\[q\] QR code/);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(size.columns);
    shell.press('C-c');
    await shell.shown(/✗ Interrupted\./);
    shell.press('echo "ended with $?"; stty -a', 'Enter');
    expect(await shell.shown(/ended with (\d+)/)).toBe('130');
    expect(await shell.shown(/ (-?icanon)/)).toBe('icanon');
    expect(await shell.shown(/ (-?echo) /)).toBe('echo');
  });

  test.each([
    { how: 'marked, in rows of 80', marked: true, columns: 80 },
    { how: 'unmarked, in rows of 80', marked: false, columns: 80 },
    { how: 'marked, as one line', marked: true, columns: 10_000 },
  ])('a paste of 6,000 bytes arrives whole: $how', async ({ marked, columns }) => {
    const server = await fakeServer();
    const store = temporaryStore();
    const line = `mcp-auth login ${server.url} --name fake --store ${store} --flow paste --no-browser --no-verify`;
    const shell = runInTmux(tmux, line, { columns: 80, rows: 24 });
    const asked = new URL(await shell.shown(/^(http:\S+\/authorize\?\S+)/m)).searchParams;
    await shell.shown(prompt);
    const longCode = 'aZ09-._~'.repeat(760);
    const end = `${asked.get('redirect_uri') ?? ''}?code=${longCode}&state=${asked.get('state') ?? ''}`;
    expect(end.length).toBeGreaterThan(6000);
    shell.paste(end.replace(new RegExp(`(.{${columns}})`, 'g'), '$1\n'), { marked });
    await shell.shown(/http:\/\/127\.0\.0\.1:\d+\/c… \(6\d{3} characters\)|Logged in/);
    shell.press('Enter');
    await shell.shown(/✓ Logged in to fake/);
    expect(server.asked('POST /token')[0]?.body['code']).toBe(longCode);
    expect(shell.screen(true)).not.toContain(longCode.slice(0, 60));
  });

  test('c copies the address, q draws it, a wrong paste is answered, Ctrl-Z and fg go on, the right paste logs in', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore();
    const line = `mcp-auth login ${mcpServer.url} --name demo --store ${store} --flow paste --no-browser`;
    const shell = runInTmux(tmux, line, { columns: 100, rows: 50 });
    const url = await shell.shown(/^(http:\S+\/auth\?\S+)/m);
    await shell.shown(prompt);
    shell.press('c');
    await shell.shown(/Sent through tmux/);
    expect(shell.buffer()).toBe(url);
    shell.press('q');
    await shell.shown(/█[^]*Sent through tmux[^]*█/);
    shell.paste(url);
    shell.press('Enter');
    await shell.shown(/This is the URL of the login page\. Approve there/);
    shell.press('C-z');
    await shell.shown(/Stopped/);
    shell.press('stty -a | tr ";" " "', 'Enter');
    expect(await shell.shown(/ (-?icanon)/)).toBe('icanon');
    shell.press('fg', 'Enter');
    await shell.shown(/Stopped[^]*Paste the address here:/);
    shell.paste(await new Person().approve(url));
    shell.press('Enter');
    await shell.shown(/✓ Logged in to demo/);
    expect(shell.screen()).not.toContain('Paste the address here');
    expect(readStore(store).mcpServers.demo.auth.token).toMatch(/\S+/);
  });

  test('p shows the address to paste from next to the code, and either ends the login', async () => {
    for (const way of ['paste', 'code'] as const) {
      const { mcpServer } = await realServers();
      const shell = runInTmux(tmux, `mcp-auth login ${mcpServer.url} --name demo --store ${temporaryStore()} --no-browser`, {
        columns: 80,
        rows: 24,
      });
      const userCode = await shell.shown(code);
      await shell.shown(/\[p\] paste instead/);
      shell.press('p');
      const url = await shell.shown(/^(http:\S+\/auth\?\S+)/m);
      await shell.shown(prompt);
      expect(shell.screen()).toMatch(/Waiting for approval/);
      if (way === 'code') await new Person().approveDevice(`${new URL(url).origin}/device`, userCode);
      else {
        shell.paste(await new Person().approve(url));
        shell.press('Enter');
      }
      await shell.shown(/✓ Logged in to demo/);
    }
  });
});

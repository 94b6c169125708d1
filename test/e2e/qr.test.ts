/** The QR code on the screen: captured from the pseudo-terminal, drawn in its colours, and read by a decoder. */
import { describe, expect, test } from 'vitest';
import { temporaryStore } from '../helpers/folder.js';
import { runInTerminal } from '../helpers/pty.js';
import { scan } from '../helpers/scan.js';
import { realServers } from '../helpers/servers.js';

describe.each(['paste', 'device'])('of a login by %s', (flow) => {
  test.each([
    { background: 'dark', env: { NO_COLOR: '' }, inverted: false },
    { background: 'light', env: { NO_COLOR: '' }, inverted: false },
    { background: 'dark', env: { NO_COLOR: '1' }, inverted: false },
    // Without colours a program cannot know which background is light. Phones read such a code too.
    { background: 'light', env: { NO_COLOR: '1' }, inverted: true },
  ] as const)('on $background, $env: it is the URL', async ({ background, env, inverted }) => {
    const { mcpServer } = await realServers();
    const words = ['login', mcpServer.url, '--no-browser', '--flow', flow, '--store', temporaryStore()];
    const login = runInTerminal(words, { columns: 80, rows: 60, env });
    const address = await login.shown(flow === 'paste' ? /^(http:\S+\/auth\?\S+)$/m : /^(http:\S+\/device)$/m);
    await login.shown(/\[q\] QR code/);
    const userCode = /^([A-Z]{4}-[A-Z]{4})$/m.exec(login.lines().join('\n'))?.[1] ?? '';
    const rows = login.cells(background).filter((row) => row.some(({ text }) => /[█▀▄]/.test(text)));
    expect(scan(rows, { inverted })).toBe(flow === 'paste' ? address : `${address}?user_code=${userCode}`);
    login.type('\u0003');
    expect(await login.exit).toBe(130);
  });
});

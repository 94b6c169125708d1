/** OSC 52 and OSC 8: which control sequences are sent to which terminal. */
import { describe, expect, test } from 'vitest';
import { copyToClipboard } from '../../src/terminal/clipboard.js';
import { formatHyperlink, supportsHyperlinks } from '../../src/terminal/hyperlink.js';

const envOf = (variables: Record<string, string | undefined>) => ({
  variables,
  platform: 'linux' as const,
  folder: '/',
  program: [],
  exists: () => false,
});
const osc52 = `\u001b]52;c;${Buffer.from('https://a.example/?x').toString('base64')}\u0007`;
const passed = `\u001bPtmux;\u001b${osc52}\u001b\\`;

/** A tmux with these options; `load`: whether load-buffer works. */
async function copied(variables: Record<string, string>, tmux: { load?: boolean; [option: string]: string | boolean | undefined } = {}) {
  let sent = '';
  const ran: string[][] = [];
  const runTmux = (words: readonly string[], input: string) => {
    ran.push([...words, input]);
    if (words[0] === 'load-buffer') return Promise.resolve(tmux.load === false ? undefined : '');
    const value = tmux[words.at(-1) ?? ''];
    return Promise.resolve(typeof value === 'string' ? `${value}\n` : undefined);
  };
  const result = await copyToClipboard('https://a.example/?x', { env: envOf(variables), send: (codes) => (sent += codes), runTmux });
  return { ...result, codes: sent, ran };
}

describe('the clipboard', () => {
  test('through SSH: the terminal’s own code', async () => {
    expect(await copied({ TERM: 'xterm-256color', SSH_TTY: '/dev/pts/1' })).toMatchObject({ sent: true, codes: osc52, ran: [] });
  });

  test('tmux on the user’s side of SSH: both ways', async () => {
    expect((await copied({ TERM: 'tmux-256color' })).codes).toBe(osc52 + passed);
  });

  test('in Windows Terminal, which has no TERM', async () => {
    expect(await copied({ WT_SESSION: 'x' })).toMatchObject({ sent: true, codes: osc52 });
  });

  test.each(['linux', 'dumb', ''])('TERM=%s: not supported, and the message says so', async (TERM) => {
    const { sent, codes, message } = await copied({ TERM });
    expect({ sent, codes }).toEqual({ sent: false, codes: '' });
    expect(message).toContain('Select the address');
  });

  const tmux = { TERM: 'tmux-256color', TMUX: '/tmp/tmux-0/default,1,0' };
  test('in tmux: its buffer, which it forwards', async () => {
    const { sent, codes, ran, message } = await copied(tmux, { 'allow-passthrough': 'off', 'set-clipboard': 'external' });
    expect({ sent, codes }).toEqual({ sent: true, codes: '' });
    expect(ran[0]).toEqual(['load-buffer', '-w', '-', 'https://a.example/?x']);
    expect(message).toContain('through tmux');
  });

  test('in tmux with allow-passthrough: OSC 52, too', async () => {
    expect((await copied(tmux, { 'allow-passthrough': 'on', 'set-clipboard': 'off' })).codes).toBe(passed);
  });

  test('in tmux that forwards nothing: only its buffer, and the command that changes it', async () => {
    const { sent, message } = await copied(tmux, { 'allow-passthrough': 'off', 'set-clipboard': 'off' });
    expect(sent).toBe(false);
    expect(message).toContain('set-clipboard on');
  });

  test('in tmux that reports no options: OSC 52 through it', async () => {
    expect(await copied(tmux, { load: false })).toMatchObject({ sent: true, codes: passed });
  });

  test('in tmux that accepts nothing: the message says so', async () => {
    expect((await copied(tmux, { load: false, 'allow-passthrough': 'off' })).message).toContain('tmux did not accept the text');
  });
});

describe('hyperlinks', () => {
  test.each([
    { variables: { TERM: 'xterm-kitty' }, knows: true },
    { variables: { TERM: 'xterm-256color', TERM_PROGRAM: 'vscode' }, knows: true },
    { variables: { TERM: 'xterm-256color', VTE_VERSION: '7200' }, knows: true },
    { variables: { TERM: 'xterm-256color', VTE_VERSION: '4800' }, knows: false },
    { variables: { TERM: 'xterm-256color', WT_SESSION: 'x' }, knows: true },
    { variables: { WT_SESSION: 'x' }, knows: true },
    { variables: { WT_SESSION: 'x', TERM: 'dumb' }, knows: false },
    { variables: { TERM: 'xterm-256color', SSH_CONNECTION: '1 2 3 22' }, knows: true },
    { variables: { TERM: 'xterm-256color' }, knows: false },
    { variables: { TERM: 'xterm', SSH_CONNECTION: '1 2 3 22' }, knows: false },
    { variables: { TERM: 'screen-256color', SSH_CONNECTION: '1 2 3 22' }, knows: false },
    { variables: { TERM: 'linux' }, knows: false },
    { variables: {}, knows: false },
    { variables: { TERM: 'xterm-kitty', CI: '1' }, knows: false },
    { variables: { TERM: 'dumb', FORCE_HYPERLINK: '1' }, knows: true },
    { variables: { TERM: 'xterm-kitty', FORCE_HYPERLINK: '0' }, knows: false },
  ])('$variables: $knows', ({ variables, knows }) => {
    expect(supportsHyperlinks(envOf(variables))).toBe(knows);
  });

  test('a link shows its own address', () => {
    expect(formatHyperlink('https://a.example/')).toBe(
      '\u001b]8;id=mcp-auth;https://a.example/\u001b\\https://a.example/\u001b]8;;\u001b\\',
    );
  });
});

/** Copies to the clipboard of the user's own machine with OSC 52, also through SSH and tmux. */
import type { Env } from '../effects.js';
import { isWindowsTerminal } from './hyperlink.js';

/** Runs tmux with these arguments and this stdin, without a shell. Undefined if it cannot be run or fails. */
export type RunTmux = (words: readonly string[], input: string) => Promise<string | undefined>;

export interface ClipboardOptions {
  readonly env: Env;
  /** Sends control sequences to the terminal. */
  readonly send: (codes: string) => void;
  readonly runTmux: RunTmux;
}

/** Whether the text was sent to the terminal, and a sentence that says so. */
export interface CopyResult {
  readonly sent: boolean;
  readonly message: string;
}

/** Copies `text`. No terminal reports whether it worked, so the sentence says what to do if it did not. */
export async function copyToClipboard(text: string, { env, send, runTmux }: ClipboardOptions): Promise<CopyResult> {
  const { TERM = '', TMUX } = env.variables;
  if (TMUX) return copyThroughTmux(text, { send, runTmux });
  // Windows Terminal supports OSC 52.
  if (!isWindowsTerminal(env.variables) && /^(dumb|linux|vt\d|$)/.test(TERM)) {
    return { sent: false, message: 'This terminal does not support copying by programs. Select the address and copy it.' };
  }
  send(formatOsc52(text));
  // If tmux runs on the user's own machine and SSH runs inside it, only TERM shows it.
  if (TERM.startsWith('tmux')) send(wrapForTmux(formatOsc52(text)));
  return {
    sent: true,
    message: 'Sent to the clipboard of your terminal. If that does not work, select the address and copy it.',
  };
}

/**
 * tmux has its own buffer, which it forwards to the terminal's clipboard unless its option `set-clipboard` is off. If tmux lets
 * control sequences pass through, OSC 52 is sent as well.
 */
async function copyThroughTmux(text: string, { send, runTmux }: Omit<ClipboardOptions, 'env'>): Promise<CopyResult> {
  const readOption = async (name: string) => (await runTmux(['show-options', '-gAqv', name], ''))?.trim();
  // `-w` forwards the buffer to the terminal (tmux 3.2 and later).
  const loaded = (await runTmux(['load-buffer', '-w', '-'], text)) ?? (await runTmux(['load-buffer', '-'], text));
  const passthrough = await readOption('allow-passthrough');
  const passes = passthrough === undefined || ['on', 'all', ''].includes(passthrough);
  if (passes) send(wrapForTmux(formatOsc52(text)));
  const forwards = (await readOption('set-clipboard')) !== 'off';
  if (loaded === undefined && !passes) {
    return { sent: false, message: 'tmux did not accept the text and forwards nothing to your terminal. Select the address and copy it.' };
  }
  if (!forwards && !passes) {
    return {
      sent: false,
      message: 'Copied to tmux’s own buffer only (prefix ]). To let tmux forward it to your terminal, run: tmux set -g set-clipboard on',
    };
  }
  const buffer = loaded === undefined ? '' : ' and copied to tmux’s own buffer (prefix ])';
  return {
    sent: true,
    message: `Sent through tmux to the clipboard of your terminal${buffer}. If that does not work, select the address and copy it.`,
  };
}

/** OSC 52, as xterm defines it. */
function formatOsc52(text: string): string {
  return `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;
}

/** tmux passes this on to the terminal that it runs in. */
function wrapForTmux(codes: string): string {
  return `\u001bPtmux;${codes.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
}

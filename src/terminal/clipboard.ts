/** Copying to the clipboard of the machine that the person sits at: OSC 52, through SSH and tmux. */
import type { Env } from '../effects.js';

/** Runs tmux with these words and this stdin, through no shell. Undefined when it cannot be run or fails. */
export type RunTmux = (words: readonly string[], input: string) => Promise<string | undefined>;

export interface ClipboardOptions {
  readonly env: Env;
  /** Sends codes to the terminal. */
  readonly send: (codes: string) => void;
  readonly runTmux: RunTmux;
}

/** What became of it, as a sentence, and whether it is likely to have worked. */
export interface CopyResult {
  readonly sent: boolean;
  readonly message: string;
}

/**
 * Copies `text`. A terminal that takes it says nothing, and one that does not says nothing either, so that the sentence
 * tells what to do when pasting gives something else.
 */
export async function copyToClipboard(text: string, { env, send, runTmux }: ClipboardOptions): Promise<CopyResult> {
  const { TERM = '', TMUX } = env.variables;
  if (TMUX) return copyThroughTmux(text, { send, runTmux });
  if (/^(dumb|linux|vt\d|$)/.test(TERM)) {
    return { sent: false, message: 'This terminal has no clipboard that programs can reach: select the address and copy it.' };
  }
  send(setClipboard(text));
  // A tmux on the person's own machine, with SSH inside of it, is known by its TERM only.
  if (TERM.startsWith('tmux')) send(passedThrough(setClipboard(text)));
  return {
    sent: true,
    message: 'Sent to the clipboard of your terminal. If pasting gives something else, select the address and copy it.',
  };
}

/**
 * tmux has a buffer of its own, and hands that to the terminal's clipboard unless its `set-clipboard` is off; where the
 * terminal's own code may pass through it, that is sent as well.
 */
async function copyThroughTmux(text: string, { send, runTmux }: Omit<ClipboardOptions, 'env'>): Promise<CopyResult> {
  const option = async (name: string) => (await runTmux(['show-options', '-gAqv', name], ''))?.trim();
  // `-w` is of tmux 3.2: it hands the buffer on to the terminal.
  const loaded = (await runTmux(['load-buffer', '-w', '-'], text)) ?? (await runTmux(['load-buffer', '-'], text));
  const passing = await option('allow-passthrough');
  const passes = passing === undefined || passing === 'on' || passing === 'all' || passing === '';
  if (passes) send(passedThrough(setClipboard(text)));
  const forwards = (await option('set-clipboard')) !== 'off';
  if (loaded === undefined && !passes) {
    return { sent: false, message: 'tmux did not take it, and lets nothing through to your terminal: select the address and copy it.' };
  }
  if (!forwards && !passes) {
    return {
      sent: false,
      message:
        'It is in tmux’s own buffer only (prefix ]), since tmux keeps it from your terminal: tmux set -g set-clipboard on changes that.',
    };
  }
  const buffer = loaded === undefined ? '' : ' and is in tmux’s own buffer (prefix ])';
  return {
    sent: true,
    message: `Sent through tmux to the clipboard of your terminal${buffer}. If pasting gives something else, select the address.`,
  };
}

/** xterm's OSC 52. */
function setClipboard(text: string): string {
  return `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`;
}

/** tmux's envelope for what is meant for the terminal that tmux itself is in. */
function passedThrough(codes: string): string {
  return `\u001bPtmux;${codes.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
}

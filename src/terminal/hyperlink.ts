import type { Env } from '../effects.js';

/** Terminals that say who they are, and know OSC 8. */
const programs = new Set(['iTerm.app', 'WezTerm', 'vscode', 'ghostty', 'Hyper', 'Tabby', 'rio', 'WarpTerminal', 'zed']);
/** Of `TERM`: those that know OSC 8, and those that would show it as rubbish. Most others swallow what they do not know. */
const knowing = /^(xterm-(kitty|ghostty)|alacritty|foot|wezterm|contour|tmux|rio)/;
const ignorant = /^(dumb|linux|vt\d|eterm|cons25|ansi|sun|screen|emacs|unknown|$)/;

/**
 * Whether the terminal makes a link of OSC 8. It is asked nothing: an answer would come among the keys. Through SSH only
 * `TERM` arrives, so that a modern one is believed there. `FORCE_HYPERLINK` decides, as for other programs.
 */
export function supportsHyperlinks({ variables }: Env): boolean {
  const { TERM = '', TERM_PROGRAM = '', VTE_VERSION, FORCE_HYPERLINK } = variables;
  if (FORCE_HYPERLINK !== undefined) return !['0', 'false', 'no'].includes(FORCE_HYPERLINK);
  if (ignorant.test(TERM) || variables['CI']) return false;
  // Its first versions had a bug that crashed the terminal.
  if (VTE_VERSION !== undefined) return Number(VTE_VERSION) >= 5000;
  if (programs.has(TERM_PROGRAM) || knowing.test(TERM)) return true;
  if (variables['WT_SESSION'] || variables['KONSOLE_VERSION'] || variables['DOMTERM']) return true;
  const isRemote = variables['SSH_CONNECTION'] !== undefined || variables['SSH_TTY'] !== undefined;
  return isRemote && /-(256color|direct)$/.test(TERM);
}

/** `url` as a link to itself, of which every row of the window is a part: the id says so. `url` is printable. */
export function formatHyperlink(url: string): string {
  return `\u001b]8;id=mcp-auth;${url}\u001b\\${url}\u001b]8;;\u001b\\`;
}

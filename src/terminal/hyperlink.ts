/** Clickable links in terminals: OSC 8. */
import type { Env } from '../effects.js';

/** Values of TERM_PROGRAM of terminals that support OSC 8. */
const supportingPrograms = new Set(['iTerm.app', 'WezTerm', 'vscode', 'ghostty', 'Hyper', 'Tabby', 'rio', 'WarpTerminal', 'zed']);
/** Values of TERM of terminals that support OSC 8, and of those that would print it. Most others ignore what they do not support. */
const supportingTerms = /^(xterm-(kitty|ghostty)|alacritty|foot|wezterm|contour|tmux|rio)/;
const unsupportedTerms = /^(dumb|linux|vt\d|eterm|cons25|ansi|sun|screen|emacs|unknown|$)/;

/**
 * Whether the terminal supports OSC 8, according to environment variables: a query would be answered among the keys that are
 * pressed. SSH passes on TERM only, so a modern TERM is enough there. FORCE_HYPERLINK overrides this.
 */
export function supportsHyperlinks({ variables }: Env): boolean {
  const { TERM = '', TERM_PROGRAM = '', VTE_VERSION, FORCE_HYPERLINK } = variables;
  if (FORCE_HYPERLINK !== undefined) return !['0', 'false', 'no'].includes(FORCE_HYPERLINK);
  if ((unsupportedTerms.test(TERM) && !isWindowsTerminal(variables)) || variables['CI']) return false;
  // The first VTE versions with OSC 8 crashed.
  if (VTE_VERSION !== undefined) return Number(VTE_VERSION) >= 5000;
  if (supportingPrograms.has(TERM_PROGRAM) || supportingTerms.test(TERM)) return true;
  if (variables['WT_SESSION'] || variables['KONSOLE_VERSION'] || variables['DOMTERM']) return true;
  const isRemote = variables['SSH_CONNECTION'] !== undefined || variables['SSH_TTY'] !== undefined;
  return isRemote && /-(256color|direct)$/.test(TERM);
}

/** `url` as a link to itself. The id joins the parts if it wraps over several rows. `url` must be printable. */
export function formatHyperlink(url: string): string {
  return `\u001b]8;id=mcp-auth;${url}\u001b\\${url}\u001b]8;;\u001b\\`;
}

/** Windows Terminal sets no TERM. Over SSH or in WSL there is one, which is then what counts. */
export function isWindowsTerminal({ TERM = '', WT_SESSION }: Env['variables']): boolean {
  return Boolean(WT_SESSION) && TERM === '';
}

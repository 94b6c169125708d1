/** The shells with completion. To add a shell, add a file to this folder and an entry to this list. */
import { formatBashCompletion } from './bash.js';
import { formatFishCompletion } from './fish.js';
import type { CommandReference } from './model.js';
import { formatZshCompletion } from './zsh.js';

export interface Shell {
  readonly name: string;
  /** The command that installs completion for new shells. */
  readonly install: string;
  readonly script: (commands: readonly CommandReference[]) => string;
}

export const shells: readonly Shell[] = [
  { name: 'bash', install: "echo 'source <(mcp-auth completion bash)' >> ~/.bashrc", script: formatBashCompletion },
  { name: 'zsh', install: "echo 'source <(mcp-auth completion zsh)' >> ~/.zshrc", script: formatZshCompletion },
  { name: 'fish', install: 'mcp-auth completion fish > ~/.config/fish/completions/mcp-auth.fish', script: formatFishCompletion },
];

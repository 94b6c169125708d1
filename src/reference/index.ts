/** The shells that completion is for. A new one is a file beside this one, and a line here. */
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import type { TypedCommand } from './model.js';
import { zshScript } from './zsh.js';

export interface Shell {
  readonly name: string;
  /** The line that has each new shell complete, and the file that it belongs into. */
  readonly install: string;
  readonly script: (commands: readonly TypedCommand[]) => string;
}

export const shells: readonly Shell[] = [
  { name: 'bash', install: "echo 'source <(mcp-auth completion bash)' >> ~/.bashrc", script: bashScript },
  { name: 'zsh', install: "echo 'source <(mcp-auth completion zsh)' >> ~/.zshrc", script: zshScript },
  { name: 'fish', install: 'mcp-auth completion fish > ~/.config/fish/completions/mcp-auth.fish', script: fishScript },
];

/** What is installed with the command: the licences, that of Node where the command contains it, the manual page and the completion of each shell. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadCommandReferences } from '../../src/commands/completion.js';
import { shells } from '../../src/reference/index.js';
import type { Sources } from './page.js';

export interface Paper {
  readonly kind: 'licence' | 'licence of Node' | 'manual' | 'completion';
  /** Where the file is in an archive. */
  readonly path: string;
  /** Where Debian puts it, below /usr/share. Licences have a place of their own there. */
  readonly debian?: string;
  readonly text: string;
}

/** Where the completion of each shell is, by the name of the shell. */
const completionPlaces: Readonly<Record<string, Pick<Paper, 'path' | 'debian'> | undefined>> = {
  bash: { path: 'completions/mcp-auth.bash', debian: 'bash-completion/completions/mcp-auth' },
  zsh: { path: 'completions/_mcp-auth', debian: 'zsh/vendor-completions/_mcp-auth' },
  fish: { path: 'completions/mcp-auth.fish', debian: 'fish/vendor_completions.d/mcp-auth.fish' },
};

/** @throws Error if a shell has no place in a package. */
export async function readPapers({ root, dist, bundle }: Sources): Promise<Paper[]> {
  const read = (...file: string[]) => readFileSync(path.join(...file), 'utf8');
  const commands = await loadCommandReferences();
  return [
    { kind: 'licence', path: 'LICENSE', text: read(root, 'LICENSE') },
    { kind: 'licence', path: 'THIRD-PARTY-LICENSES.txt', text: read(bundle, 'THIRD-PARTY-LICENSES.txt') },
    { kind: 'licence of Node', path: 'LICENSE-of-Node.txt', text: read(bundle, 'LICENSE-of-Node.txt') },
    { kind: 'manual', path: 'mcp-auth.1', debian: 'man/man1/mcp-auth.1.gz', text: read(dist, 'mcp-auth.1') },
    ...shells.map(({ name, script }): Paper => {
      const places = completionPlaces[name];
      if (places === undefined) throw new Error(`scripts/assets/papers.ts does not say where the completion of ${name} is in a package.`);
      return { kind: 'completion', ...places, text: script(commands) };
    }),
  ];
}

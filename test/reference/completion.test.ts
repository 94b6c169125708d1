/** The scripts in their own shells, with the built command in the PATH. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/commands/index.js';
import { apps } from '../../src/apps/index.js';
import { shells } from '../../src/reference/index.js';
import { command } from '../helpers/build.js';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { run } from '../helpers/run.js';

const hostile = ['$(touch pwned)', '`touch pwned`', 'two words', "it's", 'a;touch pwned', '*'];
const servers = (names: string[]) => ({ mcpServers: Object.fromEntries(names.map((name) => [name, { url: 'https://a.example/mcp' }])) });

/** A folder to be in, whose `bin` has mcp-auth, and the environment for it. */
function place(names: string[]) {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'bin'));
  symlinkSync(command, path.join(folder, 'bin', 'mcp-auth'));
  const env = {
    PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}`,
    HOME: folder,
    MCP_AUTH_STORE: temporaryStore(servers(names)),
    TERM: 'dumb',
  };
  return { folder, env };
}

/** The candidates for `words`, the last of which is being typed, in one shell. */
interface Asked {
  readonly words: readonly string[];
  readonly servers?: string[];
}

const scriptOf = (shell: string) => execFileSync(command, ['completion', shell], { encoding: 'utf8' });
const unevaluated = (folder: string) => expect(existsSync(path.join(folder, 'pwned'))).toBe(false);

function inBash({ words, servers: names = ['linear', 'notion'] }: Asked): string[] {
  const { folder, env } = place(names);
  writeFileSync(path.join(folder, 'script'), scriptOf('bash'));
  const code =
    'source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mcp_auth; if [ ${#COMPREPLY[@]} -gt 0 ]; then printf "%s\\n" "${COMPREPLY[@]}"; fi';
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', code, 'bash', 'mcp-auth', ...words], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  unevaluated(folder);
  return stdout.split('\n').filter(Boolean);
}

function inFish({ words, servers: names = ['linear', 'notion'] }: Asked): string[] {
  const { folder, env } = place(names);
  writeFileSync(path.join(folder, 'script'), scriptOf('fish'));
  const { stdout, stderr } = spawnSync(
    'fish',
    ['-N', '-c', 'source ./script; complete -C "$argv"', '--', ['mcp-auth', ...words].join(' ')],
    { cwd: folder, env, encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  unevaluated(folder);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0] ?? '');
}

/** zsh completes only at a terminal, which zpty is; the candidates are read from its functions. */
function inZsh({ words, servers: names = ['linear', 'notion'] }: Asked): string[] {
  const { folder, env } = place(names);
  writeFileSync(path.join(folder, 'script'), scriptOf('zsh'));
  const code = [
    'zmodload zsh/zpty',
    'zpty z zsh -f -i',
    'say() { zpty -w z "$1" }',
    'say "PROMPT=; autoload -Uz compinit; compinit -u -d $PWD/.zcompdump; source ./script"',
    'say "zstyle \':completion:*\' list-packed no; LISTMAX=0; bindkey \'^X\' all; all() { compadd() { builtin compadd -A found_ \\"\\$@\\" 2>/dev/null; print -rl -- \\$found_ >> found; builtin compadd \\"\\$@\\" }; zle complete-word; unfunction compadd; print done >> found }; zle -N all"',
    'say "print ready >> found"',
    'until [ -s found ]; do sleep 0.05; done; : > found',
    'zpty -w -n z "$1"$\'\\x18\'',
    'until grep -q "^done$" found; do sleep 0.05; done',
    'zpty -d z; grep -v "^done$" found | sort -u',
  ].join('\n');
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', code, 'zsh', ['mcp-auth', ...words].join(' ')], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  unevaluated(folder);
  return stdout.split('\n').filter(Boolean);
}

const names = commands.map(({ name }) => name);

function holds(complete: (asked: Asked) => string[], quotedNames: string[]) {
  test('commands', () => {
    expect(complete({ words: [''] })).toEqual(expect.arrayContaining(names));
    expect(complete({ words: ['lo'] })).toEqual(['login', 'logout']);
  });
  test('options, and their values', () => {
    expect(complete({ words: ['login', '--no-b'] })).toEqual(['--no-browser']);
    expect(complete({ words: ['login', '--flow', 'de'] })).toEqual(['device']);
    expect(complete({ words: ['status', '--js'] })).toEqual(['--json']);
  });
  test('apps, shells, and the servers of the store', () => {
    expect(complete({ words: ['connect', ''] })).toEqual(expect.arrayContaining(apps.map(({ name }) => name)));
    expect(complete({ words: ['completion', ''] }).sort()).toEqual(shells.map(({ name }) => name).sort());
    expect(complete({ words: ['token', ''] }).sort()).toEqual(['linear', 'notion']);
    expect(complete({ words: ['connect', 'codex', 'no'] })).toEqual(['notion']);
    expect(complete({ words: ['token', '--min-ttl', '5', 'l'] })).toEqual(['linear']);
  });
  test('names that a shell would run are words', () => {
    expect(complete({ words: ['token', ''], servers: hostile }).sort()).toEqual([...quotedNames].sort());
  });
}

const escaped = ['\\$\\(touch\\ pwned\\)', '\\`touch\\ pwned\\`', 'two\\ words', "it\\'s", 'a\\;touch\\ pwned', '\\*'];
describe('bash', () => holds(inBash, escaped));
describeWith('fish', 'fish', () => holds(inFish, hostile));
describeWith('zsh', 'zsh', () => {
  holds(inZsh, escaped);
  test('is right for zsh before it is run', () => {
    const { status, stderr } = spawnSync('zsh', ['-n'], { input: scriptOf('zsh'), encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

test('another shell is wrong usage, and names are printed alone', async () => {
  const store = temporaryStore(servers(['a', 'b']));
  const wrong = run('completion tcsh', { store });
  expect(await wrong.exit).toBe(2);
  expect(wrong.stderr).toContain('bash, zsh, fish');
  const list = run('list --names', { store });
  expect(await list.exit).toBe(0);
  expect(list.stdout).toBe('a\nb\n');
  const none = run('list --names', { store: temporaryStore() });
  expect(await none.exit).toBe(0);
  expect(none.stdout + none.stderr).toBe('');
});

/** The pages are correct: their commands and options exist, their links work, and the messages that they quote are in the program. */
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { appsPage } from '../scripts/pages.js';
import { relayPage, relayScriptFile, relayScriptModule, withScriptHash } from '../scripts/pages/relay-script.js';
import { vendorsPage } from '../scripts/pages/vendors.js';
import { commands } from '../src/commands/index.js';
import { commonOptions, toOptionReference } from '../src/commands/command.js';
import { shells } from '../src/reference/index.js';
import { apps } from '../src/apps/index.js';
import { browserScript } from '../src/relay/browser-script.js';
import { limits } from '../src/relay/limits.js';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'BENCHMARKS.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'DECISIONS.md',
  'SECURITY.md',
  'skills/mcp-auth/SKILL.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => read(path.join('src', file)))
  .join('\n');

/** Finds the `mcp-auth …` command lines of a page: in blocks after the prompt, and in inline code. */
function findCommands(text: string): string[] {
  const blocks = [...text.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line);
  const inline = [...text.matchAll(/`(mcp-auth [^`]+)`/g)].map(([, line = '']) => line);
  return [...blocks, ...inline].flatMap((line) =>
    [...line.matchAll(/(?:^|[|(] ?|&& )mcp-auth ([^|)&;]*)/g)].map(([, words = '']) => words.trim()),
  );
}

describe.each(pages)('%s', (page) => {
  const text = read(page);

  test('names only commands and options that exist', async () => {
    for (const line of findCommands(text)) {
      const words =
        line
          .split(' -- ')[0]
          ?.replace(/'[^']*'/g, 'quoted')
          .split(/\s+/) ?? [];
      const [name = ''] = words;
      if (name === 'COMMAND' || name.startsWith('-') || name === 'help') continue;
      const listing = commands.find((one) => one.name === name || one.alias === name);
      expect(listing, `mcp-auth ${line}`).toBeDefined();
      const command = await listing?.load();
      const known = [...(command?.options ?? []), ...commonOptions].flatMap((option) => toOptionReference(option).names);
      for (const option of words.filter((word) => /^--?[a-z]/.test(word))) {
        expect([...known, '--help', '-h'], `mcp-auth ${line}`).toContain(option.split('=')[0]?.replace(/[^\w-]+$/, ''));
      }
      if (name === 'connect' && words[1] !== undefined && /^[a-z]/.test(words[1])) expect(apps.map((app) => app.name)).toContain(words[1]);
      if (name === 'completion' && words[1] !== undefined && /^[a-z]/.test(words[1]))
        expect(shells.map((shell) => shell.name)).toContain(words[1]);
    }
  });

  test('has links that work', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !link.startsWith('https:'));
    for (const link of links) {
      const [file = '', anchor] = link.split('#');
      const target = path.join(path.dirname(page), file);
      if (file !== '') expect(existsSync(path.join(root, target)), link).toBe(true);
      if (anchor !== undefined) expect(findAnchors(file === '' ? text : read(target)), link).toContain(anchor);
    }
  });

  test('has valid YAML and JSON', () => {
    const blocks = [...text.matchAll(/```(yaml|json)\n([^]*?)```/g)];
    for (const [, language, block = ''] of blocks) expect(language === 'json' ? JSON.parse(block) : parse(block)).toBeTypeOf('object');
  });

  test('names only scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, name = ''] of text.matchAll(/npm run (?:-s )?([\w:]+)/g)) expect(scripts).toHaveProperty([name]);
  });

  test('names only environment variables that are read', () => {
    for (const [name] of text.matchAll(/\bMCP_AUTH_[A-Z_]+\b/g)) expect(sources.includes(name), name).toBe(true);
  });
});

/** Computes the anchors of the headings as GitHub does. */
function findAnchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The text of every string in a source file, without comments; of a template, the parts between its expressions. */
function stringsIn(file: string): string[] {
  const strings: string[] = [];
  const visit = (node: ts.Node): void => {
    const isPart = ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (ts.isStringLiteralLike(node) || isPart) strings.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest));
  return strings;
}

test('every option in a string of src exists: messages and hints name no other', async () => {
  const loaded = await Promise.all(commands.map((listing) => listing.load()));
  const known = [...loaded.flatMap(({ options }) => options), ...commonOptions].flatMap((option) => toOptionReference(option).names);
  // Options of systemctl, docker and Keycloak, and the prefix of a negated option.
  const others = ['--user', '--now', '--catalog', '--additional-catalog', '--servers', '--enable-all-servers', '--features', '--no-'];
  const allowed = new Set([...known, '--help', '--version', ...others]);
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  // Whole command lines of programs of the desktop.
  const ofOthers = ['agent/ways-to-ask/desktop.ts'];
  const named = files
    .filter((file) => !ofOthers.includes(file.replaceAll('\\', '/')))
    .flatMap((file) =>
      stringsIn(path.join(root, 'src', file)).flatMap((text) =>
        [...text.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([option]) => ({ file, option })),
      ),
    );
  expect(named.length).toBeGreaterThan(200);
  expect(named.filter(({ option }) => !allowed.has(option))).toEqual([]);
});

test('the messages in troubleshooting are in the program', () => {
  const page = read('docs/troubleshooting.md');
  // The first column has what the user sees. Messages of a browser are in parentheses.
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.map((row) => (row.split(' | ')[0] ?? '').replace(/\([^)]*\)/g, ''));
  const quotes = cells.flatMap((cell) => [...cell.matchAll(/“([^”]+)”/g)].map(([, quote = '']) => quote));
  expect(quotes.length).toBeGreaterThan(20);
  expect(quotes.filter((quote) => !sources.includes(quote))).toEqual([]);
});

test('docs/vendors.md matches the records (npm run pages)', () => {
  expect(read('docs/vendors.md')).toBe(vendorsPage());
});

test('docs/apps.md matches the output of connect (npm run pages)', () => {
  expect(read('docs/apps.md')).toBe(appsPage());
});

test('the script of the relay’s page is the one of its source, and docs/relay.md has its hash (npm run pages)', async () => {
  expect(read(relayScriptFile)).toBe(await relayScriptModule());
  const page = read(relayPage);
  expect(page).toMatch(/^sha256-[\w+/]{43}=$/m);
  expect(page).toBe(withScriptHash(page, browserScript));
});

test('docs/relay.md has the limits of the relay', () => {
  const rows = read(relayPage).split('## Limits')[1] ?? '';
  const { sessions, sessionsPerMinute, lifetime, codes, openMessage, response } = limits;
  const minutes = [lifetime.least, lifetime.most].map((milliseconds) => milliseconds / 60_000).join(' to ');
  const numbers = [sessions.toLocaleString('en'), `${sessionsPerMinute} a minute`, `${minutes} minutes`, `${codes}, then`];
  for (const text of [...numbers, `${openMessage / 1024} KiB`, `${response / 1024} KiB`]) expect(rows).toContain(`| ${text}`);
});

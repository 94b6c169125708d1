/** The pictures that move are made of the recordings, and of nothing else. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findFiles } from '../scripts/recording/files.js';
import { formatCast, parseCast } from '../scripts/recording/cast.js';
import { removeVolatileText } from '../scripts/recording/record.js';
import { recordings } from '../scripts/recording/recordings.js';
import { readLines, renderSvg } from '../scripts/recording/svg.js';

const readCast = (name: string) => readFileSync(findFiles(name).cast, 'utf8');
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe.each(recordings.map(({ name, title, rows }) => ({ name, title, rows })))('docs/$name', ({ name, title, rows }) => {
  const cast = parseCast(readCast(name));
  const svg = readFileSync(findFiles(name).svg, 'utf8');

  test('the .svg is what the .cast makes (npm run demo -- --record)', async () => {
    expect(svg).toBe(await renderSvg(cast));
    expect(formatCast(cast)).toBe(readCast(name));
    expect(cast).toMatchObject({ title, rows, columns: 92 });
  });

  test('it asks for nothing from elsewhere, and holds no token', () => {
    expect(svg).not.toMatch(/<script|@import|url\(|href="(?!#)|src=/);
    // What a token of the demo's server looks like, and a JWT.
    for (const text of [svg, readCast(name)]) expect(text).not.toMatch(/[\w-]{43}|eyJ[\w-]{10}/);
    expect(svg.length).toBeLessThan(400_000);
  });

  test('no pause is long, and the README has it', () => {
    const pauses = cast.events.slice(1).map(([at], index) => at - (cast.events[index]?.[0] ?? 0));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2.01);
    expect(readme).toContain(`](docs/${name}.svg)`);
  });
});

const linesOf = async (name: string) => removeVolatileText(await readLines(parseCast(readCast(name))));

test('the first shows a login, and what follows it', async () => {
  const lines = await linesOf('demo');
  expect(lines[0]).toBe('$ mcp-auth login http://127.0.0.1:PORT/mcp --name example --no-browser');
  expect(lines).toContain('✓ Logged in to example. It is “demo-server 1.0.0” and has 2 tools.');
  expect(lines.filter((line) => line.startsWith('$ '))).toHaveLength(4);
});

test('the second shows a login of a laptop, used on another machine that stores nothing', async () => {
  const lines = await linesOf('ssh');
  expect(lines[0]).toBe('laptop$ mcp-auth list');
  expect(lines.filter((line) => line.startsWith('devbox$ '))).toHaveLength(5);
  expect(lines).toContain('example  http://127.0.0.1:PORT/mcp  oauth  in TIME  yes  agent on laptop');
  expect(lines.join('\n')).toContain('Hello from behind the login.');
  expect(lines).toContain("ls: cannot access '/home/you/.config/mcp-auth': No such file or directory");
  expect(lines.slice(-2)).toEqual(['No other machine can use your logins.', 'laptop$']);
});

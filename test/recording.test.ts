/** The picture that moves is made of the recording, and of nothing else. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { castFile, svgFile } from '../scripts/recording/files.js';
import { formatCast, parseCast } from '../scripts/recording/cast.js';
import { removeVolatileText } from '../scripts/recording/record.js';
import { readLines, renderSvg } from '../scripts/recording/svg.js';

const cast = parseCast(readFileSync(castFile, 'utf8'));
const svg = readFileSync(svgFile, 'utf8');

test('docs/demo.svg is what docs/demo.cast makes (npm run demo -- --record)', async () => {
  expect(svg).toBe(await renderSvg(cast));
  expect(formatCast(cast)).toBe(readFileSync(castFile, 'utf8'));
});

test('it asks for nothing from elsewhere, and holds no token', () => {
  expect(svg).not.toMatch(/<script|@import|url\(|href="(?!#)|src=/);
  // What a token of the demo's server looks like, and a JWT.
  for (const text of [svg, readFileSync(castFile, 'utf8')]) expect(text).not.toMatch(/[\w-]{43}|eyJ[\w-]{10}/);
  expect(svg.length).toBeLessThan(400_000);
});

test('it shows a login, and what follows it', async () => {
  const lines = removeVolatileText(await readLines(cast));
  expect(lines[0]).toBe('$ mcp-auth login http://127.0.0.1:PORT/mcp --name example --no-browser');
  expect(lines).toContain('✓ Logged in to example. It is “demo-server 1.0.0” and has 2 tools.');
  expect(lines.filter((line) => line.startsWith('$ '))).toHaveLength(4);
  expect(Math.max(...cast.events.slice(1).map(([at], index) => at - (cast.events[index]?.[0] ?? 0)))).toBeLessThanOrEqual(2.01);
});

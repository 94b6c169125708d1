/** The regular expressions of src, each tested with texts made of its own parts. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { growth, linear } from './growth.js';

const root = path.resolve(import.meta.dirname, '../../src');

/** Every literal, with its file and line. */
export function expressions(): { place: string; expression: RegExp }[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.sort().flatMap(literalsIn);
}

function literalsIn(name: string): { place: string; expression: RegExp }[] {
  const source = ts.createSourceFile(name, readFileSync(path.join(root, name), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: { place: string; expression: RegExp }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const [, pattern = '', flags] = /^\/([^]*)\/(\w*)$/.exec(node.text) ?? [];
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({ place: `${name}:${line + 1}`, expression: new RegExp(pattern, flags) });
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

/** Characters for which quadratic work takes some milliseconds, linear work a hundredth; and milliseconds that are worth a second measurement. */
const [long, suspicious] = [4000, 1.5];

/** The text, as its three pieces, that takes more than its share of time when it is 8 times as long; undefined where none does. */
export async function worstOf(expression: RegExp): Promise<string | undefined> {
  const use = (text: string) => {
    expression.lastIndex = 0;
    return expression.global ? text.replace(expression, '') : expression.test(text);
  };
  for (const { before, pump, after } of textsFor(expression.source)) {
    const make = (length: number) => flat(before + pump.repeat(Math.ceil(length / pump.length)) + after);
    if (isQuick(make(long), use) || isQuick(make(long), use)) continue;
    if ((await growth(make, use)) > linear) return JSON.stringify([before, pump, after]);
  }
  return undefined;
}

function isQuick(text: string, use: (text: string) => unknown): boolean {
  const start = performance.now();
  use(text);
  return performance.now() - start < suspicious;
}

/** A flat string, like all text from outside. */
export function flat(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

function textsFor(source: string): { before: string; pump: string; after: string }[] {
  const pieces = piecesOf(source);
  const few = pieces.slice(0, 16);
  const pumps = [...pieces, ...few.flatMap((one) => few.map((other) => one + other))];
  const [befores, afters] = [
    ['', ...pieces.slice(0, 1)],
    ['', '\u0000', '\n', ...pieces.slice(0, 3)],
  ];
  return pumps.flatMap((pump) => befores.flatMap((before) => afters.map((after) => ({ before, pump, after }))));
}

/** What a pattern speaks of: its words, its marks, one of each class; and what many have trouble with. */
function piecesOf(source: string): string[] {
  const literals = source.match(/[A-Za-z][A-Za-z_]+|[^\w\s\\()[\]?+*|^$]|[A-Za-z0-9]/g) ?? [];
  const classes: Readonly<Record<string, string | undefined>> = {
    n: '\n',
    r: '\r',
    t: '\t',
    s: ' ',
    d: '1',
    w: 'a',
    b: '-',
    S: 'x',
    u: '\u001b',
    p: '\u200b',
  };
  const escapes = [...source.matchAll(/\\(.)/g)].map(([, one = '']) => classes[one] ?? one);
  return [...new Set([...literals, ...escapes, 'a', '1', ' ', '\n', '"', '\\', '.', '-', '/', '\u001b', '$', '%', ':', 'é', '='])].slice(
    0,
    40,
  );
}

/** The words of CONTRIBUTING.md, "Words": what a user reads is in the terms that people search for. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** Words that hide who acts, or that no one searches for, and what to write instead. */
const worstWords: readonly (readonly [RegExp, string])[] = [
  [/\b(?:whoever|nobody|somebody|anybody|everybody)(?:['’]s)?\b/i, 'the user, the server, the app, another process'],
  [/\bshould (?:it|the|this|that|he|she|they)\b[^.?]*,/i, 'if it …'],
  [/\b(?:nothing listens|no such host|no way to it|there is no way)\b/i, 'connection refused, host not found, no route to host'],
  [/(?<!there )\bis no (?!longer\b|more\b)/i, 'is not a …'],
  [/\bas it should\b/i, 'as expected, as intended'],
  [/\bto the letter\b/i, 'exactly'],
  [/\banew\b/i, 'again'],
  [/\bbesides?\b/i, 'next to, in addition to'],
  [/\bput right\b/i, 'fix'],
  [/\bmends?\b|\bmended\b/i, 'normalise, fix'],
  [/\bis told\b|\bare told\b|\btells? of\b/i, 'is printed, is reported'],
  [/\blets no\b|\bknows no\b/i, 'does not support'],
  [/\bwaited for for\b/i, 'waits at most …'],
];

function findWorstWords(text: string): string[] {
  return worstWords.flatMap(([word, instead]) => {
    const found = word.exec(text);
    return found === null ? [] : [`“${found[0]}” in “${text.slice(Math.max(0, found.index - 40), found.index + 60)}”: write ${instead}`];
  });
}

/** Every string of a file that can reach a user: literals and the text of templates, without paths of imports. */
function stringsOf(file: string): string[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const strings: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) strings.push(node.text);
    else if (ts.isTemplateExpression(node))
      strings.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return strings;
}

/** Every comment of a file. */
function commentsOf(file: string): string[] {
  const text = read(file);
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text);
  const comments: string[] = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind === ts.SyntaxKind.SingleLineCommentTrivia || kind === ts.SyntaxKind.MultiLineCommentTrivia)
      comments.push(scanner.getTokenText());
  }
  return comments;
}

const filesIn = (folder: string, ending: string) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => path.posix.join(folder, file.replaceAll('\\', '/')));

const pages = [...readdirSync(root).filter((file) => file.endsWith('.md')), ...filesIn('docs', '.md')];

test('the words are found where they stand', () => {
  expect(findWorstWords('"x" is no port. Whoever reads this, and nothing listens there.')).toHaveLength(3);
  expect(findWorstWords('The token is no longer valid. Connection refused.')).toEqual([]);
  expect(filesIn('src', '.ts').flatMap(stringsOf).length).toBeGreaterThan(2000);
  expect(filesIn('src', '.ts').flatMap(commentsOf).length).toBeGreaterThan(1000);
});

describe('a user reads none of the worst words', () => {
  test.each(filesIn('src', '.ts'))('in the strings of %s', (file) => {
    expect(stringsOf(file).flatMap(findWorstWords)).toEqual([]);
  });

  test.each(pages)('in %s', (page) => {
    // The glossary quotes them.
    const text = page === 'CONTRIBUTING.md' ? read(page).replace(/^## Words$[^]*?(?=^## )/m, '') : read(page);
    expect(text.split('\n').flatMap(findWorstWords)).toEqual([]);
  });
});

test('nor does a reader of the source, in its comments', () => {
  const [persons] = worstWords;
  const found = filesIn('src', '.ts').flatMap((file) =>
    commentsOf(file)
      .filter((comment) => persons?.[0].test(comment))
      .map((comment) => [file, comment]),
  );
  expect(found).toEqual([]);
});

/** Variables in URLs and headers. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NotedSecrets } from '../../src/secrets/secrets.js';
import { expandVariables, expandsToUrl, listUnsetVariables, listVariables, replaceReferences } from '../../src/store/variables.js';

const env = { variables: { A: 'a', B: '', LONG: 'x'.repeat(1000) } };

test.each([
  ['${A}', 'a'],
  ['https://${A}.example/${A}', 'https://a.example/a'],
  ['${B:-b}', 'b'],
  ['${C:-}', ''],
  ['${C:-x${A}', 'x${A'],
  ['${A', '${A'],
  ['${A:-${A}', 'a'],
  ['${A-b}${}${a b}$A', '${A-b}${}${a b}$A'],
  ['${C:-${A', '${C:-${A'],
])('%s is used as %s', (text, used) => {
  expect(expandVariables(text, env)).toBe(used);
});

test('a variable that is not set and has no default is named', () => {
  expect(() => expandVariables('${A}${C}', env)).toThrow('The URL of the server names ${C}, which is not set.');
  expect(() => expandVariables('${B}', env, 'The header x')).toThrow('The header x names ${B}, which is not set.');
  expect(listUnsetVariables('${A}${B}${C}${C}${D:-d}', env)).toEqual(['B', 'C']);
  expect(listVariables('${A}${D:-d}${E')).toEqual(['A', 'D']);
});

test('any text is read as a regular expression with quadratic run time would read it', () => {
  const pattern = /\$\{(\w+)(?::-([^}]*))?\}/g;
  const pieces = fc.constantFrom('$', '{', '}', ':-', '${A}', '${', '${A:-', 'A', 'b', ' ', '\n');
  const shown = (name: string, otherwise: string | undefined) => `<${name}|${otherwise}>`;
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 40 }).map((some) => some.join('')),
      (text) => {
        const wanted = text.replace(pattern, (_, name: string, otherwise: string | undefined) => shown(name, otherwise));
        expect(replaceReferences(text, 'It', ({ name, defaultValue: otherwise }) => shown(name, otherwise))).toBe(wanted);
      },
    ),
  );
});

test('a text that is too long, before or after it is expanded, is refused, and is not a server’s URL', () => {
  for (const text of ['${A:-'.repeat(30_000), '${LONG}'.repeat(100), `https://a.example/${'a'.repeat(70_000)}`]) {
    expect(() => expandVariables(text, env)).toThrow('has more than 65536 characters');
    expect(expandsToUrl(text, 'https://a.example', env)).toBe(false);
  }
  const most = '${A:-'.repeat(13_000);
  expect(expandVariables(most, env)).toBe(most);
});

test('the value of a variable is redacted, whole and in its longer parts, but not the host in it', () => {
  const secrets = new NotedSecrets();
  expandVariables('${URL}', { variables: { URL: 'https://host.example/v1/quarterly?plan=numbers' }, secrets });
  expect(secrets.redact('no quarterly at host.example in v1')).toBe('no ${URL} at host.example in v1');
});

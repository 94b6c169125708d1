/** Files written by Windows editors and shells: with a byte order mark, or in UTF-16. */
import { readFileSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../src/machine/files.js';
import { decodeText } from '../../src/text/file-text.js';
import { parseSigningKey } from '../../src/oauth/signing-key.js';
import { answerQuickly } from '../../src/fast-path/quick.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const mark = '\uFEFF';
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();
/** UTF-16 as it is written: by PowerShell 5, by editors, and by programs that put no mark. */
const inUtf16 = {
  'little-endian with its mark': (text: string) => Buffer.from(mark + text, 'utf16le'),
  'big-endian with its mark': (text: string) => bigEndian(mark + text),
  'little-endian without a mark': (text: string) => Buffer.from(text, 'utf16le'),
  'big-endian without a mark': (text: string) => bigEndian(text),
};

const now = Date.now();
const auth = { type: 'bearer', token: 'token-1', expires_at: Math.floor(now / 1000) + 3600, issued_at: Math.floor(now / 1000) };
const document = { mine: 'kept', mcpServers: { demo: { type: 'http', url: 'https://a.example/mcp', auth } } };

test.each(['', 'a', '\0', '{}', '[1]', 'é', 'eyJh'])('“%s” in UTF-8 is decoded, with and without a byte order mark', (text) => {
  expect(decodeText(Buffer.from(text))).toBe(text);
  expect(decodeText(Buffer.from(mark + text))).toBe(text);
});

describe('the store', () => {
  test('with a byte order mark is read, also by the fast path, and keeps its content when it is changed', async () => {
    const store = temporaryStore(mark + JSON.stringify(document));
    expect(answerQuickly({ argv: ['token', 'demo'], variables: { MCP_AUTH_STORE: store }, now })).toBe('token-1\n');
    const whole = run('token demo', { store });
    expect(await whole.exit, whole.stderr).toBe(0);
    expect(whole.stdout).toBe('token-1\n');
    expect(await run('add other https://b.example/mcp', { store }).exit).toBe(0);
    const added = { other: { type: 'http', url: 'https://b.example/mcp' } };
    expect(readStore(store)).toEqual({ ...document, mcpServers: { ...document.mcpServers, ...added } });
  });

  test('with only a byte order mark is empty', async () => {
    expect(await run('add other https://b.example/mcp', { store: temporaryStore(mark) }).exit).toBe(0);
  });

  test.each(Object.entries(inUtf16))('in UTF-16, %s, is an error, and left unchanged', async (_, encode) => {
    const store = temporaryStore({});
    const bytes = encode(JSON.stringify(document));
    writeFileSync(store, bytes);
    expect(answerQuickly({ argv: ['token', 'demo'], variables: { MCP_AUTH_STORE: store }, now })).toBeUndefined();
    for (const line of ['list --json', 'token demo', 'add other https://b.example/mcp']) {
      const command = run(line, { store });
      expect(await command.exit).toBe(1);
      expect(command.stderr).toMatch(/is in UTF-16\. It was not changed\.\n.*Save it as UTF-8/);
      if (line.endsWith('--json')) expect(command.events.at(-1)).toMatchObject({ code: 'store_invalid' });
      expect(command.stderr + command.stdout).not.toContain('token-1');
    }
    expect(readFileSync(store)).toEqual(bytes);
  });

  test('that is imported from stdin may begin with a byte order mark', async () => {
    const store = temporaryStore();
    const command = run('import', { store, stdin: { text: mark + JSON.stringify(document) } });
    expect(await command.exit, command.stderr).toBe(0);
    expect(readStore(store).mcpServers.demo.auth.token).toBe('token-1');
  });
});

describe('the preferences', () => {
  const url = 'https://a.example/client.json';
  const preferences = (content: string | Buffer) => {
    const store = temporaryStore();
    writeFileSync(`${store}.preferences.json`, content);
    return { store, file: `${store}.preferences.json` };
  };

  test('with a byte order mark are read, and keep their content when one is changed', async () => {
    const { store, file } = preferences(mark + JSON.stringify({ mine: 'kept', 'client-metadata-url': url }));
    const shown = run('config client-metadata-url', { store });
    expect(await shown.exit).toBe(0);
    expect(shown.stdout).toBe(`${url}\n`);
    expect(await run('config client-metadata-url --unset', { store }).exit).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ mine: 'kept' });
  });

  test.each(Object.entries(inUtf16))('in UTF-16, %s, are an error, and left unchanged', async (_, encode) => {
    const bytes = encode(JSON.stringify({ 'client-metadata-url': url }));
    const { store, file } = preferences(bytes);
    for (const line of ['config', `config client-metadata-url ${url}`]) {
      const command = run(line, { store });
      expect(await command.exit).toBe(1);
      expect(command.stderr).toMatch(/preferences .* are in UTF-16\.\n.*Save it as UTF-8/);
    }
    expect(readFileSync(file)).toEqual(bytes);
  });
});

describe('a key or a token in a file', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = {
    PEM: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    JWK: JSON.stringify(privateKey.export({ format: 'jwk' })),
  };
  const written = (content: string | Buffer) => {
    const file = path.join(temporaryFolder(), 'file');
    writeFileSync(file, content);
    return file;
  };

  test.each(Object.entries(keys))('a %s with a byte order mark is a key', async (_, key) => {
    const text = await systemFiles.readText(written(mark + key), 'The private key');
    expect(text).toBe(key);
    expect(await parseSigningKey(text, ['ES256'])).toMatchObject({ algorithm: 'ES256' });
  });

  test.each(Object.entries(inUtf16))('in UTF-16, %s, it is an error', async (_, encode) => {
    for (const text of [keys.PEM, keys.JWK, 'eyJhbGciOiJFUzI1NiJ9.e30.x']) {
      const file = written(encode(text));
      await expect(systemFiles.readText(file, 'The token')).rejects.toMatchObject({
        code: 'file_unreadable',
        message: `The token, ${file}, is in UTF-16.`,
        hint: expect.stringContaining('Save it as UTF-8') as string,
      });
    }
  });
});

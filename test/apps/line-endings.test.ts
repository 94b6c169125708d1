/** Byte order marks and Windows line endings in apps' files: read, and kept by an edit. */
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../src/apps/app.js';
import { addConnection, removeConnection, readServers } from '../../src/apps/configuration.js';
import { findApp } from '../../src/apps/index.js';
import { readStore, temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

const ours = '/opt/mcp-auth/bin.js';
const file = 'FILE';
const mark = '\uFEFF';
const url = 'https://mcp.linear.app/mcp';
const connection: Connection = {
  ...{ name: 'linear', url, token: 'secret-1' },
  helper: ['/usr/bin/node', ours, 'headers', 'linear'],
  bridge: ['/usr/bin/node', ours, 'bridge', 'linear'],
};

/** Files in each format, with comments, as a user writes them. */
const files = {
  cursor: '// mine\n{\n  "theme": "x", // keep\n  "mcpServers": {\n    // theirs\n    "other": { "command": "x" }\n  }\n}\n',
  codex: '# mine\nmodel = "o9" # keep\n\n[mcp_servers.other] # theirs\ncommand = "x"\n\n# about the rest\n[tools] # t\nweb = true\n',
  goose: '# mine\nmodel: o9 # keep\nextensions: # all\n  # theirs\n  other: # o\n    cmd: x\n# about the rest\nrest: 1\n',
} as const;

const forms = {
  'with a byte order mark': (text: string) => mark + text,
  'with line ends of Windows': (text: string) => text.replaceAll('\n', '\r\n'),
  'with both': (text: string) => mark + text.replaceAll('\n', '\r\n'),
  'with both, and no end of its last line': (text: string) => mark + text.trimEnd().replaceAll('\n', '\r\n'),
};

describe.each(Object.keys(files) as (keyof typeof files)[])('%s', (name) => {
  const app = findApp(name);
  const connect = (text: string) => addConnection(text, { app, connection, how: 'bridge', file, ours });
  const remove = (text: string) => removeConnection(text, { app, name: 'linear', url, file, ours });

  test.each(Object.entries(forms))('%s: is connected, and taken out again; the form stays', (form, inForm) => {
    const before = inForm(files[name]);
    const after = connect(before);
    expect(readServers(after, { app, file, ours }).map((server) => server.name)).toEqual(['other', 'linear']);
    expect(after.startsWith(mark)).toBe(before.startsWith(mark));
    expect(after.split(mark)).toHaveLength(before.split(mark).length);
    if (before.includes('\r\n')) expect(after.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    else expect(after).not.toContain('\r');
    for (const line of before.split(/\r?\n/)) expect(after).toContain(line.replace(/,$/, ''));
    if (!form.includes('no end')) expect(remove(after)).toBe(before);
  });

  test('with mixed line endings, each line keeps its own, and new lines get the most frequent one', () => {
    const before = files[name].replaceAll('\n', '\r\n').replace('\r\n', '\n');
    const after = connect(before);
    expect(after.slice(0, after.indexOf('\n') + 1)).toBe(files[name].slice(0, files[name].indexOf('\n') + 1));
    expect(after.slice(after.indexOf('\n') + 1).replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(remove(after)).toBe(before);
  });

  test('a mark alone is an empty file', () => {
    const after = connect(mark);
    expect(after.startsWith(mark)).toBe(true);
    expect(readServers(after, { app, file, ours })).toHaveLength(1);
  });
});

test('a TOML table whose quoted name has brackets, dots and spaces is found, changed and removed', () => {
  const app = findApp('codex');
  const name = 'a [b].c d';
  const before = `[mcp_servers.${JSON.stringify(name)}] # mine\nurl = "${url}"\n\n[tools]\nweb = true\n`;
  const after = addConnection(before, { app, connection: { ...connection, name }, how: 'helper', file, ours });
  expect(readServers(after, { app, file, ours })).toEqual([expect.objectContaining({ name, how: 'helper' })]);
  expect(removeConnection(after, { app, name, url, file, ours })).toBe('\n[tools]\nweb = true\n');
});

describe('on disk', () => {
  function project() {
    const folder = temporaryFolder();
    const store = temporaryStore({ mcpServers: { linear: { type: 'http', url } } });
    const write = (name: string, content: string | Buffer) => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), content);
    };
    const typed = (line: string) => run(line, { store, folder, env: { HOME: folder } });
    return { store, write, typed, read: (name: string) => readFileSync(path.join(folder, name)) };
  }
  const json = JSON.stringify({ mcpServers: { a: { url: 'https://a.example/mcp' } } });

  test('a file with a mark is read by add, and changed by connect', async () => {
    const { store, write, typed, read } = project();
    write('.cursor/mcp.json', mark + json);
    expect(await typed('add --from .cursor/mcp.json').exit).toBe(0);
    expect(readStore(store)).toHaveProperty('mcpServers.a.url', 'https://a.example/mcp');
    expect(await typed('connect cursor linear').exit).toBe(0);
    expect(read('.cursor/mcp.json').subarray(0, 3).toString('hex')).toBe('efbbbf');
  });

  test.each([
    { what: 'UTF-16 with its mark', bytes: Buffer.from(mark + json, 'utf16le'), said: 'is in UTF-16' },
    { what: 'big-endian UTF-16', bytes: Buffer.from(mark + json, 'utf16le').swap16(), said: 'is in UTF-16' },
    { what: 'UTF-16 without a mark', bytes: Buffer.from(json, 'utf16le'), said: 'is in UTF-16' },
    { what: 'Latin-1', bytes: Buffer.from(`// f\u00fcr alle\n${json}`, 'latin1'), said: 'is not in UTF-8' },
  ])('$what is told, and left as it is', async ({ bytes, said }) => {
    const { write, typed, read } = project();
    write('.cursor/mcp.json', bytes);
    for (const line of ['add --from cursor', 'add --from .cursor/mcp.json', 'connect cursor linear', 'connect cursor linear --remove']) {
      const command = typed(line);
      expect(await command.exit).toBe(1);
      expect(command.stderr).toContain(`${said}. It was not changed.`);
      expect(command.stderr).toContain('Save it as UTF-8');
    }
    expect(read('.cursor/mcp.json')).toEqual(bytes);
    // The other apps are listed all the same.
    const list = typed('connect --list');
    expect(await list.exit, list.stderr).toBe(0);
    expect(list.stdout).toMatch(/^cursor .*cannot be read$/m);
  });
});

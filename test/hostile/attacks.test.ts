/** Every row of the table, by a whole command in this process, against a server that attacks. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { secrets, startAttackingServer } from './attacking-server.js';
import { attacks } from './attacks/index.js';

/** Another server's login, which no attack may change or show. */
const bystander = {
  mine: true,
  mcpServers: { other: { url: 'https://other.example/mcp', auth: { type: 'bearer', token: 'SECRET-bystander' } } },
};
const byCode = 'login URL --no-browser --flow device --name victim';

/** Characters that move the cursor, are invisible or reorder text. */
// eslint-disable-next-line no-control-regex -- that is the point
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Cs}/u;

/** One source: an RFC with its section, a section of an MCP specification, or the number of a known attack or weakness. */
const publicSource =
  /^(RFC \d{4}( (section \d+(\.\d+)*|appendix [A-Z]\.\d+))?|MCP 20\d\d-\d\d-\d\d [A-Z]\w+( \w+)*|CVE-\d{4}-\d+|GHSA(-\w{4}){3}|CWE-\d+)$/;

test('the table has at least 80 rows, each with its source, and no two alike', () => {
  expect(attacks.length).toBeGreaterThanOrEqual(80);
  expect(new Set(attacks.map(({ attack }) => attack)).size).toBe(attacks.length);
  for (const { source } of attacks) for (const one of source.split(', ')) expect(one).toMatch(publicSource);
});

test.each(attacks)(
  '$attack ($source)',
  async ({ change = () => [], command = byCode, act, exit, says, never = [], changesStore = false, ...row }) => {
    const at = await startAttackingServer(change);
    const store = temporaryStore(row.store?.(at) ?? bystander);
    const before = readFileSync(store, 'utf8');
    const opened: string[] = [];
    const home = temporaryFolder();
    for (const [name, content] of Object.entries(row.files?.(at) ?? {})) {
      mkdirSync(path.dirname(path.join(home, name)), { recursive: true });
      writeFileSync(path.join(home, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    const attacked = run(command.replace('URL', at.server.url).replace('HOME', home), {
      store,
      env: { HOME: home, ...row.env },
      folder: home,
      stdin: row.stdin ? { text: row.stdin(at) } : row.atTerminal ? 'terminal' : act ? 'open' : 'none',
      openBrowser: (url) => Promise.resolve(opened.push(url) > 0),
    });
    await Promise.race([act?.(attacked, at), attacked.exit]);
    expect(await attacked.exit, attacked.stderr).toBe(exit);
    expect(attacked.stderr).toMatch(says);

    const said = attacked.stdout + attacked.stderr;
    // A prompt moves the cursor, as it has to.
    expect(row.atTerminal ? stripVTControlCharacters(said).replace(/[\b\r]/g, '') : said).not.toMatch(unprintable);
    expect(said).not.toContain('did not expect');
    for (const secret of [...Object.values(secrets), 'SECRET-']) expect(said).not.toContain(secret);
    if (!command.includes('--json')) expect(attacked.stdout).toBe('');
    expect(opened).toEqual([]);
    expect(at.tripped()).toBe(0);
    for (const want of never) expect(at.server.asked(want), want).toEqual([]);
    // Messages are short: only a URL to open may be a long line.
    for (const line of attacked.stderr.split('\n').filter((one) => !/^(http|→|←)/.test(one))) expect(line.length).toBeLessThan(1000);
    if (row.leaves) expect(readFileSync(store, 'utf8')).toMatch(row.leaves);
    if (!changesStore) expect(readFileSync(store, 'utf8')).toBe(before);
    // RFC 8628 section 3.5: at least a second between two polls, and no server delays the next one by more than two minutes.
    for (const slept of attacked.clock.slept) {
      expect(slept).toBeGreaterThanOrEqual(1000);
      expect(slept).toBeLessThanOrEqual(120_000);
    }
  },
);

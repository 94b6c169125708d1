/** The README shows what the command really prints. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../src/commands/index.js';
import { exitCodes } from '../src/errors.js';
import { temporaryStore } from './helpers/folder.js';
import { Person } from './helpers/person.js';
import { run } from './helpers/run.js';
import { realServers } from './helpers/servers.js';

const readme = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');
const consoles = [...readme.matchAll(/```console\n([^]*?)```/g)].map(([, block = '']) => block);

/** What is another one each time, in one spelling. */
function normalised(text: string, { mcp, authorization, store }: { mcp: string; authorization: string; store: string }): string {
  return text
    .replaceAll(mcp, 'MCP')
    .replaceAll(authorization, 'AUTHORIZATION')
    .replaceAll(store, 'STORE')
    .replaceAll(new URL(mcp).host, 'MCP-HOST')
    .replaceAll(new URL(authorization).host, 'AUTHORIZATION-HOST')
    .replace(/[A-Z]{4}-[A-Z]{4}/g, 'CODE')
    .replace(/^Waiting for approval.*\n/m, '')
    .replace(/"expires_at":\d+/, '"expires_at":N');
}

const inReadme = {
  mcp: 'https://mcp.example.com/mcp',
  authorization: 'https://auth.example.com',
  store: '/home/you/.config/mcp-auth/mcp-servers.json',
};

test('the session at the top, and the events of --json', async () => {
  const { mcpServer, authorizationServer } = await realServers();
  for (const json of [false, true]) {
    const store = temporaryStore();
    const here = { mcp: mcpServer.url, authorization: authorizationServer.issuer, store };
    const login = run(`login ${mcpServer.url} --no-browser --name example${json ? ' --json' : ''}`, { store });
    const code = await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
    await new Person().approveDevice(`${authorizationServer.issuer}/device`, code);
    expect(await login.exit).toBe(0);
    const printed = normalised(json ? login.stdout : login.stderr, here);
    const block = consoles.find((one) => one.includes(' login ') && one.includes('--json') === json) ?? '';
    const shown = block.slice(block.indexOf('\n') + 1).replace(/\n\$ curl[^]*/, '');
    expect(printed).toBe(normalised(shown, inReadme));
  }
});

test('the table of commands is the commands', async () => {
  const rows = await Promise.all(
    commands.map(async ({ name, summary, load }) => {
      const words = ['mcp-auth', name, ...(await load()).arguments.map(({ syntax }) => syntax)];
      return `| \`${words.join(' ')}\` | ${summary} |`;
    }),
  );
  expect(readme).toContain(rows.join('\n'));
});

test('the table of exit codes is the exit codes', () => {
  const codes = [...readme.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(exitCodes));
});

test('the commands that a newcomer types are there', () => {
  const { scripts } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const [, name = ''] of readme.matchAll(/npm (?:run )?(demo|test|check|build)\b/g)) expect(scripts).toHaveProperty(name);
});

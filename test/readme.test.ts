/** The README and its pages show what the command prints. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../src/commands/index.js';
import { exitCodes } from '../src/errors.js';
import { temporaryFolder, temporaryStore } from './helpers/folder.js';
import { Person } from './helpers/person.js';
import { runInTerminal } from './helpers/pty.js';
import { run } from './helpers/run.js';
import { realServers } from './helpers/servers.js';

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '..', file), 'utf8');
/** The README and the pages that continue it. */
const readme = ['README.md', 'docs/logging-in.md', 'docs/commands.md'].map(read).join('\n');
const consoles = [...readme.matchAll(/```console\n([^]*?)```/g)].map(([, block = '']) => block);

/** Replaces what differs each time. */
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

test('the session of the README, and the events of --json', async () => {
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

test('the screen of a login by paste', async () => {
  const { mcpServer, authorizationServer } = await realServers();
  const env = { MCP_AUTH_STORE: temporaryStore(), SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 22', USER: 'you' };
  const words = ['login', mcpServer.url, '--name', 'example', '--flow', 'paste'];
  const login = runInTerminal(words, { columns: 88, rows: 60, env });
  const end = await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m));
  await login.shown(/Paste the address here:/);
  login.type(`\u001b[200~${end}\u001b[201~`);
  await login.shown(/characters\)/);
  const screen = login
    .lines()
    .filter((line) => !/[█▀▄]{4}/.test(line))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd();
  login.type('\r');
  expect(await login.exit).toBe(0);
  const once = (text: string) =>
    text
      .replace(/(client_id|code_challenge|state)=[\w-]+/g, '$1=…')
      .replace(/(127\.0\.0\.1:|-L )\d+/g, '$1PORT')
      .replace(/\(\d+ characters\)/, '(N characters)');
  const here = { mcp: mcpServer.url, authorization: authorizationServer.issuer, store: 'STORE' };
  const [, shown = ''] = /<!-- screen: login-by-paste -->\n+```text\n([^]*?)\n```/.exec(readme) ?? [];
  expect(once(normalised(screen, here))).toBe(once(normalised(shown, inReadme)));
});

test('the output of doctor for a working login', async () => {
  const { mcpServer, authorizationServer } = await realServers();
  const store = temporaryStore();
  const env = { HOME: temporaryFolder() };
  const login = run(`login ${mcpServer.url} --no-browser --name example`, { store, env });
  const code = await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
  await new Person().approveDevice(`${authorizationServer.issuer}/device`, code);
  expect(await login.exit).toBe(0);
  expect(await run('connect claude-code example', { store, env }).exit).toBe(0);
  const doctor = run('doctor example', { store, env });
  expect(await doctor.exit).toBe(0);
  const once = (text: string) =>
    text
      .replaceAll(new URL(mcpServer.url).origin, 'https://mcp.example.com')
      .replaceAll(new URL(mcpServer.url).host, 'mcp.example.com')
      .replaceAll(authorizationServer.issuer, 'https://auth.example.com')
      .replaceAll(store, '/home/you/.config/mcp-auth/mcp-servers.json')
      .replaceAll(env.HOME, '/home/you')
      .replace(/version .*/, 'version 0.1.0, Node 22.23.3, linux x64')
      .replace(/in \d+ ms \(status 401, .*\)/, 'in 85 ms (status 401, public address)')
      .replace(/“[\w-]{30,}”/, '“VAdqQhsVXM_Jp7XQXiYEluMBuuFJowlVKUjOk1pV_cd”')
      .replace(/expires in (59 minutes|1 hour)/, 'expires in 59 minutes');
  const [, shown = ''] = /\$ mcp-auth doctor example\n([^]*?)\n```/.exec(read('docs/troubleshooting.md')) ?? [];
  expect(once(doctor.stdout.trim())).toBe(shown);
});

test('the table of commands matches the commands', async () => {
  const rows = await Promise.all(
    commands.map(async ({ name, summary, load }) => {
      const words = ['mcp-auth', name, ...(await load()).arguments.map(({ syntax }) => syntax)];
      return `| \`${words.join(' ')}\` | ${summary} |`;
    }),
  );
  expect(readme).toContain(rows.join('\n'));
});

test('the table of exit codes matches the exit codes', () => {
  const codes = [...readme.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(exitCodes));
});

test('the npm scripts for newcomers exist', () => {
  const { scripts } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const [, name = ''] of readme.matchAll(/npm (?:run )?(demo|test|check|build)\b/g)) expect(scripts).toHaveProperty(name);
});

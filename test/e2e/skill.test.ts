/** The page for coding agents: an agent that runs its commands, as they stand there, gets a login. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { skillFile } from '../../scripts/pages.js';
import { root } from '../../scripts/build.js';
import { skill, skillName } from '../../src/reference/skill.js';
import { formatShellLine } from '../../src/text/command-line.js';
import { command } from '../helpers/build.js';
import { temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { piped } from '../helpers/piped.js';
import { realServers } from '../helpers/servers.js';

const blocks = [...skill.matchAll(/```sh\n([^]*?)```/g)].map(([, code = '']) => code);
const [list = '', start = '', finishWithCode = '', finishAtTerminal = '', finishWithAddress = ''] = blocks;

/** A shell in which `mcp-auth` is the built command, as an agent has it: without a terminal. */
async function openShell({ device = true } = {}) {
  const { mcpServer } = await realServers({ device });
  const store = temporaryStore();
  const define = `mcp-auth() { ${formatShellLine([process.execPath, command])} "$@"; }`;
  const type = (code: string, words: Readonly<Record<string, string>> = {}) => {
    const all = { SERVER: mcpServer.url, ...words };
    const line = Object.entries(all).reduce((text, [name, word]) => text.replaceAll(name, word), code);
    const env = { PATH: process.env['PATH'], MCP_AUTH_STORE: store };
    return piped(spawn('bash', ['-c', `${define}\n${line}`], { stdio: ['ignore', 'pipe', 'pipe'], env }));
  };
  const run = async (code: string, words: Readonly<Record<string, string>> = {}) => {
    const { exit, output } = type(code, words);
    return { code: await exit, out: output.stdout, err: output.stderr };
  };
  return { run };
}

const readLine = (out: string) => JSON.parse(out) as Record<string, string>;

describe('the commands of the page', () => {
  test('by code: 5 until the user has approved, then the login is there and can be used', async () => {
    const { run } = await openShell();
    expect(await run(list)).toMatchObject({ code: 0, out: '[]\n' });
    const started = readLine((await run(start)).out);
    const { verification_uri: page = '', user_code: code = '', attempt: ATTEMPT = '' } = started;
    expect(started['event']).toBe('device_code');
    // The agent asks for the same time again and again; here it is short.
    expect(finishWithCode).toContain('--timeout 90');
    expect((await run(finishWithCode.replace('--timeout 90', '--timeout 1'), { ATTEMPT })).code).toBe(5);
    await new Person().approveDevice(page, code);
    expect((await run(finishWithCode, { ATTEMPT })).code).toBe(0);
    const listed = JSON.parse((await run(list)).out) as { name: string }[];
    expect(listed).toHaveLength(1);
    const used = await run("mcp-auth exec NAME -- sh -c 'echo ${#MCP_AUTH_TOKEN}'", { NAME: listed[0]?.name ?? '' });
    expect(Number(used.out)).toBeGreaterThan(20);
  });

  test('by address: on stdin, and nothing of it is printed', async () => {
    const { run } = await openShell({ device: false });
    const started = readLine((await run(start)).out);
    expect(started['event']).toBe('authorization_url');
    const { url = '', attempt: ATTEMPT = '' } = started;
    const ADDRESS = await new Person().approve(url);
    const ended = await run(finishWithAddress, { ATTEMPT, ADDRESS });
    expect(ended.code).toBe(0);
    expect(ended.out + ended.err).not.toContain(new URL(ADDRESS).searchParams.get('code'));
  });

  test('that for the user’s terminal is the one that --start prints', async () => {
    const { run } = await openShell({ device: false });
    const { out, err } = await run(start);
    const options = finishAtTerminal.replace('mcp-auth login SERVER', '').replace('ATTEMPT', readLine(out)['attempt'] ?? '');
    expect(err).toContain(options.trim());
  });

  test('a user who says no: 4, which the page says is the end', async () => {
    const { run } = await openShell();
    const { verification_uri: page = '', user_code: code = '', attempt: ATTEMPT = '' } = readLine((await run(start)).out);
    await new Person().denyDevice(page, code);
    expect((await run(finishWithCode, { ATTEMPT })).code).toBe(4);
    expect(skill).toContain('**Stop if the user says no** (exit code 4)');
  });
});

test('mcp-auth skill prints the page', async () => {
  const { run } = await openShell();
  expect(await run('mcp-auth skill')).toEqual({ code: 0, out: skill, err: '' });
});

test(`${skillFile} is the same page (npm run pages)`, () => {
  expect(readFileSync(path.join(root, skillFile), 'utf8')).toBe(skill);
});

test('the page has the form of agentskills.io', () => {
  const [, front = '', body = ''] = /^---\n([^]*?)\n---\n([^]*)$/.exec(skill) ?? [];
  const { name, description, compatibility } = parse(front) as Record<string, string>;
  expect(name).toBe(skillName);
  expect(path.basename(path.dirname(skillFile))).toBe(skillName);
  expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(name?.length).toBeLessThanOrEqual(64);
  expect(description?.length).toBeLessThanOrEqual(1024);
  expect(compatibility?.length).toBeLessThanOrEqual(500);
  expect(body.split('\n').length).toBeLessThan(150);
});

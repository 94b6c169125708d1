/** Logins of a laptop, used on a machine that it is connected to by a real sshd: two users, two homes. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { formatShellLine } from '../../src/text/command-line.js';
import { chromiumFlags, signIn } from '../helpers/chromium.js';
import { installed } from '../helpers/installed.js';
import { createLaptop, type Laptop, type Running } from '../helpers/laptop.js';
import { makeReachable, type Reachable } from '../helpers/reachable.js';
import { remoteUid, startRemoteMachine, whyNoRemoteMachine, type RemoteMachine } from '../helpers/remote-machine.js';
import { realServers } from '../helpers/servers.js';

const missing = whyNoRemoteMachine();

const opening = [
  {
    ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'app', version: '1' } },
  },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
];
const toLines = (messages: readonly object[]) => messages.map((message) => `${JSON.stringify(message)}\n`).join('');

describe.skipIf(missing !== undefined)(`logins over SSH${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let at: Reachable;
  beforeAll(() => void (at = makeReachable()));
  afterAll(() => at.remove());

  /** The words of mcp-auth on the remote machine. */
  const remotely = (...words: string[]) => formatShellLine([at.node, at.command, ...words]);

  async function connected() {
    const { mcpServer, authorizationServer } = await realServers();
    const laptop = createLaptop();
    const remote = await startRemoteMachine();
    await laptop.login(mcpServer.url, 'demo');
    return { mcpServer, authorizationServer, laptop, remote };
  }

  /** A session of `mcp-auth ssh` that stays until its input ends. */
  async function openSession(laptop: Laptop, remote: RemoteMachine, options: readonly string[]): Promise<Running> {
    const session = laptop.start(['ssh', ...options, ...remote.sshWords, 'echo ready; cat >/dev/null']);
    await session.shown(/ready/);
    return session;
  }

  const secretsOf = (laptop: Laptop) => {
    const { token, refresh_token: refreshToken } = laptop.read().mcpServers['demo']?.auth ?? {};
    return [String(token), String(refreshToken)];
  };

  test('requests only: by the bridge and by curl, with an empty store there, and no secret reaches that machine', async () => {
    const { laptop, remote, mcpServer } = await connected();
    const session = await openSession(laptop, remote, ['--only', 'demo']);
    const listed = await remote.run(remotely('list'));
    expect(listed.stdout).toMatch(/^demo +http:\S+ +oauth +in \d+ \w+ +yes +agent on \w+/m);
    const bridge = await remote.run(remotely('bridge', 'demo'), {
      input: toLines([...opening, { jsonrpc: '2.0', id: 2, method: 'tools/list' }]),
    });
    expect(bridge.stdout).toContain('"name":"greet"');
    const curlLine = `curl -s --unix-socket /run/user/${remoteUid}/mcp-auth/forwarded/*.sock http://x/mcp/demo -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' -d '${JSON.stringify(opening[0])}'`;
    const curl = await remote.run(curlLine);
    expect(curl.stdout).toContain('"serverInfo"');
    // By its URL, too: an app knows no other name.
    const byUrl = await remote.run(remotely('bridge', mcpServer.url), { input: toLines(opening) });
    expect(byUrl.stdout).toContain('"serverInfo"');
    const token = await remote.run(remotely('token', 'demo'));
    expect(token).toMatchObject({ exit: 4, stdout: '' });
    expect(token.stderr).toContain('lends no token to this machine');

    const running = laptop.start(['ssh', '--only', 'demo', ...remote.sshWords, remotely('bridge', 'demo')]);
    running.write(toLines(opening));
    await running.shown(/serverInfo/);
    const secrets = secretsOf(laptop);
    expect(findSecrets(secrets, [remote.home, remote.runtimeFolder])).toEqual([]);
    // The same search finds what is on the laptop.
    expect(findSecrets(secrets, [laptop.folder]).length).toBeGreaterThan(0);
    running.end();
    await running.exit;
    session.end();
    expect(await session.exit).toMatchObject({ exit: 0, stderr: '' });
    expect(findFiles(remote.home)).toEqual([]);
  });

  test('tokens are lent, also to a helper with HOME and PATH only; an expired one is renewed by the laptop, once for 64 callers', async () => {
    const { laptop, remote, mcpServer, authorizationServer } = await connected();
    const session = await openSession(laptop, remote, ['--only', 'demo', '--lend-tokens']);
    const [stored] = secretsOf(laptop);
    expect(await remote.run(remotely('token', 'demo'))).toMatchObject({ exit: 0, stdout: `${stored}\n`, stderr: '' });
    const helper = await remote.run(
      `env -i HOME="$HOME" PATH="$PATH" CLAUDE_CODE_MCP_SERVER_URL=${mcpServer.url} ${remotely('headers', 'demo')}`,
    );
    expect(JSON.parse(helper.stdout)).toEqual({ Authorization: `Bearer ${stored}` });
    const exec = await remote.run(remotely('exec', 'demo', '--', 'sh', '-c', 'echo "$MCP_AUTH_TOKEN"'));
    expect(exec.stdout).toBe(`${stored}\n`);

    laptop.expire('demo');
    const before = authorizationServer.log.filter((line) => line === 'grant refresh_token').length;
    const callersLine = `for i in $(seq 64); do curl -s --unix-socket /run/user/${remoteUid}/mcp-auth/forwarded/*.sock http://x/v1/servers/demo/headers & done; wait`;
    const callers = await remote.run(callersLine);
    const tokens = [...callers.stdout.matchAll(/"access_token":"([^"]+)"/g)].map(([, token]) => token);
    expect(tokens).toHaveLength(64);
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).not.toBe(stored);
    expect(authorizationServer.log.filter((line) => line === 'grant refresh_token').length).toBe(before + 1);
    expect(findFiles(remote.home)).toEqual([]);
    session.end();
    expect((await session.exit).exit).toBe(0);
  });

  test('without a list, the user of the laptop is asked once for each server, and can take it back', async () => {
    const { laptop, remote } = await connected();
    const session = await openSession(laptop, remote, []);
    const bridge = () => remote.run(remotely('bridge', 'demo', '--no-login'), { input: toLines(opening) });
    const first = bridge();
    const id = await waitForQuestion(laptop, /remote asks to use your login to demo/);
    expect((await laptop.run(['agent', 'allow', id])).exit).toBe(0);
    expect((await first).stdout).toContain('"serverInfo"');
    expect((await bridge()).stdout).toContain('"serverInfo"');
    const status = await laptop.run(['agent', 'status']);
    expect(status.stdout).toMatch(/^remote +asks you +requests .*demo: \d+ requests/m);
    expect((await laptop.run(['agent', 'revoke', 'remote'])).exit).toBe(0);
    const after = await remote.run(remotely('token', 'demo'));
    expect(after).toMatchObject({ exit: 3, stdout: '' });
    session.end();
    expect((await session.exit).stderr).toContain(
      'The remote machine can no longer use your logins: it was revoked by mcp-auth agent revoke.',
    );
  });

  test('a user who says no', async () => {
    const { laptop, remote } = await connected();
    const session = await openSession(laptop, remote, ['--lend-tokens']);
    const first = remote.run(remotely('token', 'demo'));
    const id = await waitForQuestion(laptop, /and get its tokens/);
    await laptop.run(['agent', 'deny', id]);
    expect(await first).toMatchObject({ exit: 4, stdout: '' });
    // No further question is put.
    expect(await remote.run(remotely('token', 'demo'))).toMatchObject({ exit: 4, stdout: '' });
    session.end();
    await session.exit;
  });

  test('two sessions at once; one is killed; a connection that is cut: “the agent is away”, and it is back with the next', async () => {
    const { laptop, remote } = await connected();
    const options = ['--only', 'demo', '--lend-tokens'];
    const [one, other] = [await openSession(laptop, remote, options), await openSession(laptop, remote, options)];
    one.kill('SIGKILL');
    await one.exit;
    expect((await remote.run(remotely('token', 'demo'))).exit).toBe(0);
    other.kill('SIGKILL');
    await other.exit;
    // Commands that run on, as in a tmux that outlives the session.
    const tokenOf = async () => {
      for (;;) {
        const asked = await remote.run(remotely('token', 'demo'));
        if (asked.exit !== 0) return asked;
        await wait(50);
      }
    };
    const away = await tokenOf();
    expect(away).toMatchObject({ exit: 3, stdout: '' });
    expect(away.stderr).toMatch(/The agent on \w+ is away\./);
    const again = await openSession(laptop, remote, options);
    expect((await remote.run(remotely('token', 'demo'))).exit).toBe(0);
    again.end();
    await again.exit;
    expect((await remote.run(remotely('token', 'demo'))).stderr).toMatch(/The agent on \w+ is away\./);
  });

  test.skipIf(installed('chromium') === undefined)('a login that is wanted there is approved in the browser of the laptop', async () => {
    const { mcpServer } = await realServers();
    const [laptop, remote] = [createLaptop(), await startRemoteMachine()];
    const session = await openSession(laptop, remote, []);
    const login = laptop.start(['ssh', ...remote.sshWords, remotely('login', mcpServer.url, '--name', 'demo')]);
    const id = await waitForQuestion(laptop, /remote asks you to log in to a new server, “http:\/\/127\.0\.0\.1:\d+\/mcp”/);
    await login.shown(/The agent on \w+ asks its user about this login/);
    await laptop.run(['agent', 'allow', id]);
    const url = await laptop.openedUrl();
    const browser = await chromium.launch({ executablePath: installed('chromium'), headless: true, args: chromiumFlags });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await signIn(page, url);
    await page.click('button[type=submit]');
    const { exit, stderr } = await login.exit;
    expect(stderr).toMatch(/Logged in to \S+ on \w+\./);
    expect(exit).toBe(0);
    const [name = ''] = Object.keys(laptop.read().mcpServers);
    expect(name).not.toBe('');
    expect(findFiles(remote.home).filter((file) => file.endsWith('mcp-servers.json'))).toEqual([]);
    session.end();
    await session.exit;
  });
});

async function waitForQuestion(laptop: Laptop, text: RegExp): Promise<string> {
  for (;;) {
    const { stdout } = await laptop.run(['agent', 'status', '--json']);
    const { questions } = JSON.parse(stdout) as { questions: { id: string; text: string }[] };
    const found = questions.find((question) => text.test(question.text));
    if (found !== undefined) return found.id;
    await wait(50);
  }
}

function findFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.map((name) => path.join(folder, name)).filter((file) => statSync(file).isFile());
}

/** Where a secret is: in the files of these folders, or in the command line or the environment of a process of the remote user. */
function findSecrets(secrets: readonly string[], folders: readonly string[]): string[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && ownerOf(`/proc/${name}`) === remoteUid);
  expect(processes.length).toBeGreaterThan(0);
  const files = [
    ...folders.flatMap(findFiles),
    ...processes.flatMap((pid) => ['cmdline', 'environ'].map((name) => `/proc/${pid}/${name}`)),
  ];
  return files.filter((file) => {
    const text = read(file);
    return secrets.some((secret) => text.includes(secret));
  });
}

function ownerOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.uid;
}

/** A process may have ended by now. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

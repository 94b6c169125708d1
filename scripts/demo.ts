/**
 * `npm run demo`: logs in to a real authorization server and a real MCP server, with a temporary store.
 * At a terminal, the user can open the pages in a browser, or press Enter to let the demo do it. Without a terminal the
 * demo always does it. `-- --stay` only starts the servers, for logins by hand.
 * `-- --record` records the pictures of the README into docs/; with `--check` it compares instead.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import build, { command } from '../test/helpers/build.js';
import { startMcpServer } from '../test/helpers/mcp-server.js';
import { Person } from '../test/helpers/person.js';
import { saveRecording } from './recording/files.js';
import { record } from './recording/record.js';
import { recordings } from './recording/recordings.js';

const { stdin, stdout } = process;
const atTerminal = stdin.isTTY && stdout.isTTY;
const bold = (text: string) => (atTerminal ? `\u001b[1m${text}\u001b[0m` : text);

/** Approves the login in the pages, once the command has printed their address. Resolves to the address to paste, if any. */
type Walk = (shown: string) => Promise<string | undefined> | undefined;

const walkPaste: Walk = (shown) => {
  const url = /^(http:\S+\/auth\?\S+)\r?$/m.exec(shown)?.[1];
  return url ? new Person().approve(url) : undefined;
};

const walkDevice: Walk = (shown) => {
  const url = /^(http:\S+\/device)\r?$/m.exec(shown)?.[1];
  const code = /^([A-Z]{4}-[A-Z]{4})\r?$/m.exec(shown)?.[1];
  return url && code ? new Person().approveDevice(url, code).then(() => undefined) : undefined;
};

function say(text: string): void {
  stdout.write(`${text}\n`);
}

function heading(text: string): void {
  say(`\n${bold(`── ${text} `)}${'─'.repeat(Math.max(0, 72 - text.length))}`);
}

/** Runs the built command and throws if it fails. Resolves to its stdout. */
async function run(words: string[], walk?: Walk): Promise<string> {
  say(`\n${bold(`$ mcp-auth ${words.join(' ')}`)}`);
  const { code, output } = await (walk && atTerminal ? runInTerminal(words, walk) : runPiped(words, walk));
  if (code !== 0) throw new Error(`mcp-auth exited with ${code}`);
  return output.trim();
}

async function runPiped(words: string[], walk: Walk | undefined): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [command, ...words], { stdio: [walk ? 'pipe' : 'inherit', 'pipe', 'pipe'] });
  let output = '';
  let shown = '';
  let walking: ReturnType<Walk>;
  const onText = (chunk: Buffer) => {
    stdout.write(chunk);
    shown += chunk.toString();
    if (walking !== undefined) return;
    walking = walk?.(shown);
    walking
      ?.then((end) => {
        say(end === undefined ? '[demo] approved in the pages' : `[demo] approved in the pages, pasting ${end.slice(0, 40)}…`);
        if (end !== undefined) child.stdin?.write(`${end}\n`);
      })
      .catch((error: unknown) => child.emit('error', error));
  };
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    onText(chunk);
  });
  child.stderr?.on('data', onText);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs the command in a pseudo-terminal between the user and the command, so that the demo can react to Enter on an empty line. */
async function runInTerminal(words: string[], walk: Walk): Promise<{ code: number; output: string }> {
  const pty = await import('@lydell/node-pty');
  say('[demo] Open the address in a browser, or press Enter to let the demo do it.');
  const child = pty.spawn(process.execPath, [command, ...words], {
    cols: stdout.columns,
    rows: stdout.rows,
    name: process.env['TERM'] ?? 'xterm',
  });
  let shown = '';
  let typed = false;
  child.onData((text) => {
    stdout.write(text);
    shown += text;
  });
  const onKey = (key: Buffer) => {
    const walking = key.toString() === '\r' && !typed ? walk(plain(shown)) : undefined;
    if (walking === undefined) {
      typed = !['\r', '\u0003'].includes(key.toString());
      child.write(key.toString());
      return;
    }
    void walking.then((end) => end !== undefined && child.write(`${end}\r`));
  };
  stdin.setRawMode(true).resume().on('data', onKey);
  const onResize = () => child.resize(stdout.columns, stdout.rows);
  stdout.on('resize', onResize);
  const code = await new Promise<number>((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
  stdout.off('resize', onResize);
  stdin.off('data', onKey).setRawMode(false).pause();
  return { code, output: shown };
}

/** Removes colours and links from terminal output. */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences start with it
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '');
}

/** Reads the store and shortens its secrets. */
function readShortened(file: string): string {
  return readFileSync(file, 'utf8').replace(/("(?:token|refresh_token)": "\S{6})[^"]*/g, '$1…');
}

async function callTool(url: string, token: string): Promise<string> {
  const client = new Client({ name: 'demo', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } }));
  const { content } = await client.callTool({ name: 'greet' });
  await client.close();
  return JSON.stringify(content);
}

/** Records all pictures that can be recorded here. In CI, that must be all of them. */
async function recordAll(url: string, { check }: { check: boolean }): Promise<void> {
  for (const recording of recordings) {
    const { name } = recording;
    const reason = recording.whyNot();
    if (reason === undefined) {
      await saveRecording(name, await record(recording, url), { check });
      say(check ? `docs/${name}.cast is current.` : `Recorded: docs/${name}.cast and docs/${name}.svg`);
      continue;
    }
    const sentence = `docs/${name}.cast cannot be recorded here: ${reason}.`;
    if (process.env['CI']) throw new Error(sentence);
    say(`${sentence} It is ${check ? 'not checked' : 'unchanged'}.`);
  }
}

async function demo(): Promise<void> {
  // oidc-provider warns about development use, which is the purpose here.
  // eslint-disable-next-line no-console -- not ours
  console.warn = console.info = () => undefined;
  const { startAuthorizationServer } = await import('../test/helpers/authorization-server.js');
  await build();
  const authorizationServer = await startAuthorizationServer();
  const mcpServer = await startMcpServer({ authorizationServer });
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-demo-'));
  const store = path.join(folder, 'mcp-servers.json');
  process.env['MCP_AUTH_STORE'] = store;
  try {
    say(`Authorization server: ${authorizationServer.issuer} (oidc-provider)`);
    say(`MCP server:           ${mcpServer.url} (the MCP SDK’s)`);
    if (process.argv.includes('--record')) {
      await recordAll(mcpServer.url, { check: process.argv.includes('--check') });
      return;
    }
    if (process.argv.includes('--stay')) {
      say('\nIn another terminal, while this one runs:');
      for (const flow of ['device', 'paste']) say(`  mcp-auth login ${mcpServer.url} --name demo --no-browser --flow ${flow}`);
      say('Any name and password work on the pages. Press Ctrl-C to stop.');
      await once(process, 'SIGINT');
      return;
    }
    say(`Store:                ${store}`);

    heading('1. Log in by pasting the address that the browser ends on');
    await run(['login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'paste'], walkPaste);
    await run(['list']);

    heading('2. Log in by typing a code on another device');
    await run(['login', 'demo', '--no-browser'], walkDevice);
    say(`\nThe store, which pflow and others can read:\n${readShortened(store)}`);

    heading('3. Use the login');
    const token = await run(['token', 'demo']);
    say(`\nA tool call with that token: ${await callTool(mcpServer.url, token)}`);
    say('\n[demo] Two seconds later, a token that is valid for another hour:');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const renewed = await run(['token', 'demo', '--min-ttl', '3599']);
    if (renewed === token) throw new Error('the token was not renewed');
    say(`A tool call with it: ${await callTool(mcpServer.url, renewed)}`);

    heading('4. Log out');
    await run(['logout', 'demo']);
    const result = await callTool(mcpServer.url, renewed).then(
      (response) => `still accepted: ${response}`,
      () => 'rejected, as expected',
    );
    say(`\nA tool call with the revoked token: ${result}.`);
    if (!result.startsWith('rejected')) throw new Error('the revoked token still works');
    say(`\n${bold('Done.')} Your turn: mcp-auth login URL --no-browser     (to these servers: npm run demo -- --stay)`);
  } finally {
    await mcpServer.close();
    await authorizationServer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

await demo().catch((error: unknown) => {
  say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});

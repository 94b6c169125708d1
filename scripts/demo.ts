/**
 * `npm run demo`: a real authorization server, a real MCP server, and a real login to them with a throw-away store.
 * At a terminal you may open the pages in a browser of your own, or press Enter and the demo walks them for you.
 * Without a terminal it walks them by itself. `-- --stay` starts the servers alone, for logins of your own.
 * `-- --record` makes docs/demo.cast and docs/demo.svg of a session with them; with `--check` it compares instead.
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
import { recorded } from './recording/files.js';
import { record } from './recording/record.js';

const { stdin, stdout } = process;
const atTerminal = stdin.isTTY && stdout.isTTY;
const bold = (text: string) => (atTerminal ? `\u001b[1m${text}\u001b[0m` : text);

/** What the person does in the pages, once the command has shown what is needed. Returns what is to be pasted, if anything. */
type Walk = (shown: string) => Promise<string | undefined> | undefined;

const walkPaste: Walk = (shown) => {
  const url = /^(http:\S+\/auth\?\S+)\r?$/m.exec(shown)?.[1];
  return url && shown.includes('like a password') ? new Person().approve(url) : undefined;
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

/** Runs the built command, and ends the demo when it fails. Resolves to what it printed on stdout. */
async function run(words: string[], walk?: Walk): Promise<string> {
  say(`\n${bold(`$ mcp-auth ${words.join(' ')}`)}`);
  const { code, output } = await (walk && atTerminal ? runInTerminal(words, walk) : runPiped(words, walk));
  if (code !== 0) throw new Error(`mcp-auth ended with ${code}`);
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

/** In a pseudo-terminal between the person and the command, so that Enter on an empty line can be the demo's. */
async function runInTerminal(words: string[], walk: Walk): Promise<{ code: number; output: string }> {
  const pty = await import('@lydell/node-pty');
  say('[demo] Open what it shows in a browser, or press Enter and the demo does that for you.');
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

/** Terminal output without its colours and links. */
function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- that is what colours are made of
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '');
}

/** The store with its secrets cut short. */
function shortened(file: string): string {
  return readFileSync(file, 'utf8').replace(/("(?:token|refresh_token)": "\S{6})[^"]*/g, '$1…');
}

async function callTool(url: string, token: string): Promise<string> {
  const client = new Client({ name: 'demo', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } }));
  const { content } = await client.callTool({ name: 'greet' });
  await client.close();
  return JSON.stringify(content);
}

async function demo(): Promise<void> {
  // oidc-provider warns of being used for development, which is what a demo does.
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
      await recorded(await record(mcpServer.url), { check: process.argv.includes('--check') });
      return;
    }
    if (process.argv.includes('--stay')) {
      say('\nIn another terminal, as long as this one stays:');
      for (const flow of ['device', 'paste']) say(`  mcp-auth login ${mcpServer.url} --name demo --no-browser --flow ${flow}`);
      say('Any name and password will do on the pages. Ctrl-C ends it.');
      await once(process, 'SIGINT');
      return;
    }
    say(`Store:                ${store}`);

    heading('1. Log in by pasting the address that the browser ends on');
    await run(['login', mcpServer.url, '--name', 'demo', '--no-browser', '--flow', 'paste'], walkPaste);
    await run(['list']);

    heading('2. Log in by typing a code on another device');
    await run(['login', 'demo', '--no-browser'], walkDevice);
    say(`\nThe store, which pflow and others read as it is:\n${shortened(store)}`);

    heading('3. Use the login');
    const token = await run(['token', 'demo']);
    say(`\nA tool call with that token: ${await callTool(mcpServer.url, token)}`);
    say('\n[demo] Two seconds later, a token that lives an hour from then:');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const renewed = await run(['token', 'demo', '--min-ttl', '3599']);
    if (renewed === token) throw new Error('the token was not renewed');
    say(`A tool call with it: ${await callTool(mcpServer.url, renewed)}`);

    heading('4. Log out');
    await run(['logout', 'demo']);
    const refused = await callTool(mcpServer.url, renewed).then(
      (answer) => `still answered: ${answer}`,
      () => 'refused, as it should be',
    );
    say(`\nA tool call with the revoked token: ${refused}.`);
    if (!refused.startsWith('refused')) throw new Error('the revoked token still works');
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

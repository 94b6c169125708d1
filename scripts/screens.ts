/**
 * `npm run screens`: makes the screenshots of a login. The built command runs in a pseudo-terminal against real servers.
 * The content of the window goes into docs/logging-in.md as text, and into docs/ as a PNG that Chromium renders. So do the pages of a relay.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { startAuthorizationServer } from '../test/helpers/authorization-server.js';
import build from '../test/helpers/build.js';
import { installed } from '../test/helpers/installed.js';
import { startMcpServer } from '../test/helpers/mcp-server.js';
import { Person } from '../test/helpers/person.js';
import { runInTerminal, type TerminalRun } from '../test/helpers/pty.js';
import { captureRelayPages } from './screens/relay-pages.js';

const root = path.resolve(import.meta.dirname, '..');
const size = { columns: 88, rows: 60 };

interface Picture {
  readonly name: string;
  readonly words: string[];
  /** The user's part of the login. */
  readonly act: (login: TerminalRun) => Promise<void>;
}

const pictures: readonly Picture[] = [
  {
    name: 'login-by-code',
    words: [],
    act: async (login) => {
      const userCode = await login.shown(/^([A-Z]{4}-[A-Z]{4})$/m);
      await login.shown(/Waiting for approval[^]*\[p\] paste instead/);
      await capture('login-by-code', login);
      await new Person().approveDevice(await login.shown(/^(http:\S+\/device)$/m), userCode);
    },
  },
  {
    name: 'login-by-paste',
    words: ['--flow', 'paste'],
    act: async (login) => {
      const end = await new Person().approve(await login.shown(/^(http:\S+\/auth\?\S+)$/m));
      await login.shown(/Paste the address here:/);
      login.type(`\u001b[200~${end}\u001b[201~`);
      await login.shown(/characters\)/);
      await capture('login-by-paste', login);
      login.type('\r');
    },
  },
];

const captured = new Map<string, string>();

/** Saves the content of the window as text and as a picture. */
async function capture(name: string, login: TerminalRun): Promise<void> {
  // Without the QR code: as text, its rows are too far apart to be scanned.
  const text = login.lines().filter((line) => !/[█▀▄]{4}/.test(line));
  captured.set(
    name,
    text
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trimEnd(),
  );
  const rows = login
    .cells('dark')
    .map((row) => row.map(({ text, lightText, lightBackground }) => [text, lightText, lightBackground] as const));
  const last = rows.findLastIndex((row) => row.some(([text]) => text !== ' '));
  const html = rows.slice(0, last + 1).map((row) => `<div>${row.map(cellHtml).join('')}</div>`);
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
  const page = await browser.newPage({ deviceScaleFactor: 2 });
  await page.setContent(`<style>
    body { margin: 0; background: #16181d; width: max-content; padding: 16px }
    div { font: 14px/17px "DejaVu Sans Mono", monospace; white-space: pre; height: 17px; color: #d8dee9 }
    span { display: inline-block; width: 8.5px; height: 17px; overflow: hidden; vertical-align: top }
    .dark { color: #000 } .light { background: #eceff4 }
    .block { position: relative } .block i { position: absolute; left: 0; right: -1px; background: #eceff4 }
  </style>${html.join('')}`);
  await page.locator('body').screenshot({ path: path.join(root, 'docs', `${name}.png`) });
  await browser.close();
}

function findChromium(): string {
  const found = installed('chromium');
  if (found === undefined) throw new Error('Chromium is not installed. On Debian, run: apt-get install chromium');
  return found;
}

/** Draws block characters as boxes, because fonts leave gaps between them. */
function cellHtml([text, lightText, lightBackground]: readonly [string, boolean, boolean]): string {
  const halves: Record<string, string> = { '█': 'top:0;bottom:-1px', '▀': 'top:0;height:50%', '▄': 'bottom:-1px;height:50%' };
  if (text in halves) return `<span class="block"><i style="${halves[text]}"></i></span>`;
  const escaped = text.replace(/[&<>]/g, (one) => `&#${one.charCodeAt(0)};`);
  return `<span class="${[!lightText && 'dark', lightBackground && 'light'].filter(Boolean).join(' ')}">${escaped}</span>`;
}

await build();
const authorizationServer = await startAuthorizationServer();
const mcpServer = await startMcpServer({ authorizationServer });
for (const { name, words, act } of pictures) {
  const env = {
    HOME: '/home/you',
    MCP_AUTH_STORE: path.join('/tmp', `screens-${process.pid}.json`),
    SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 22',
    USER: 'you',
  };
  const login = runInTerminal(['login', mcpServer.url, '--name', 'example', ...words], { ...size, env });
  await act(login);
  if ((await login.exit) !== 0) throw new Error(login.lines().join('\n'));
  process.stdout.write(`docs/${name}.png and docs/logging-in.md\n`);
}
await mcpServer.close();
await authorizationServer.close();
await captureRelayPages({ folder: path.join(root, 'docs'), executablePath: findChromium() });
process.stdout.write('docs/relay-start.png and docs/relay-code.png\n');

/** Replaces the addresses of the servers by those of the other examples on the page. */
function withExampleAddresses(text: string): string {
  return text
    .replaceAll(mcpServer.url, 'https://mcp.example.com/mcp')
    .replaceAll(authorizationServer.issuer, 'https://auth.example.com')
    .replaceAll(new URL(mcpServer.url).host, 'mcp.example.com')
    .replaceAll(new URL(authorizationServer.issuer).host, 'auth.example.com');
}

const file = path.join(root, 'docs', 'logging-in.md');
let page = readFileSync(file, 'utf8');
for (const [name, text] of captured) {
  const block = new RegExp(`(<!-- screen: ${name} -->\\n+\`\`\`text\\n)[^]*?(\`\`\`)`);
  page = page.replace(block, (_, before: string, after: string) => `${before}${withExampleAddresses(text)}\n${after}`);
}
writeFileSync(file, page);

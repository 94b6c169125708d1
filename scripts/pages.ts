/**
 * `npm run pages`: writes docs/vendors.md anew, and docs/apps.md, from what `mcp-auth connect APP example --print` says of each app on Linux.
 * A test compares the page with what this makes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { apps } from '../src/apps/index.js';
import type { App } from '../src/apps/app.js';
import buildAll from '../test/helpers/build.js';
import { makeReachable, type Reachable } from '../test/helpers/reachable.js';
import { root } from './build.js';
import { vendorsPage } from './pages/vendors.js';

/** Where an app shows its servers, where that is a command. */
const checks: Record<string, string> = {
  'claude-code': 'claude mcp list',
  codex: 'codex mcp list',
  gemini: 'gemini mcp list',
  opencode: 'opencode mcp list',
};

const document = {
  mcpServers: {
    example: {
      type: 'http',
      url: 'https://mcp.example.com/mcp',
      auth: {
        ...{ type: 'bearer', token: 'access', expires_at: 4_000_000_000, refresh_token: 'refresh' },
        ...{ issuer: 'https://auth.example.com', client_id: 'client' },
      },
    },
  },
};

/** docs/apps.md. The package has to be built. */
export function appsPage(): string {
  const home = mkdtempSync(path.join(os.tmpdir(), 'mcp-auth-pages-'));
  // Its path can be found again in what is printed: that of the checkout may have letters which a file's format writes otherwise.
  const program = makeReachable();
  try {
    mkdirSync(path.join(home, '.config', 'mcp-auth'), { recursive: true, mode: 0o700 });
    writeFileSync(path.join(home, '.config', 'mcp-auth', 'mcp-servers.json'), JSON.stringify(document), { mode: 0o600 });
    return `${intro.trim()}\n\n${apps.map((app) => section(app, home, program)).join('\n')}\n${outro.trim()}\n`;
  } finally {
    program.remove();
    rmSync(home, { recursive: true, force: true });
  }
}

function section(app: App, home: string, program: Reachable): string {
  const hows = Object.keys(app.entries);
  const ways = [...hows, ...(app.cache && !hows.includes('copy') ? ['copy'] : [])];
  const check = checks[app.name];
  const lines = [
    `## ${app.name === 'json' ? 'Any other app' : app.summary}`,
    '',
    '```console',
    `$ mcp-auth connect ${app.name} example --print`,
    printed(app, home, program),
    '```',
    '',
    `Ways: ${ways.map((way) => `\`${way}\``).join(', ')}.${check === undefined ? '' : ` See whether it is there: \`${check}\`.`}`,
  ];
  if (app.nextSteps !== undefined) lines.push('', app.nextSteps.replaceAll('<', '\\<'));
  return `${lines.join('\n')}\n`;
}

/** What the command says, with the paths of a machine on which the package is installed. */
function printed(app: App, home: string, { node, command }: Reachable): string {
  const env = { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1' };
  return execFileSync(node, [command, 'connect', app.name, 'example', '--print'], { env, cwd: home, encoding: 'utf8' })
    .replaceAll(home, '/home/you')
    .replaceAll(command, '/usr/lib/node_modules/mcp-auth-cli/dist/bin.cjs')
    .replaceAll(node, '/usr/bin/node')
    .replace(/^={20,}\n/gm, '')
    .trimEnd();
}

const intro = `
# Use the login in …

\`mcp-auth connect APP NAME\` changes an app's own configuration so that it uses a login. Comments, order and formatting of the file survive, it keeps its mode, and what was in it first stays beside it (\`….before-mcp-auth\`).

- \`--print\` shows the change, as on this page, and changes nothing.
- \`--remove\` takes the server out of the app again.
- \`--project\` is for the project's file, where the app has one.
- \`--as NAME\` calls the server something else in the app.
- \`mcp-auth connect --list\` shows every app that has a file here, and who uses what.

mcp-auth stays the only one that renews the login:

| how | the app |
| --- | --- |
| \`helper\` | asks \`mcp-auth headers NAME\` whenever it connects |
| \`bridge\` | starts \`mcp-auth bridge NAME\` as its server, which adds a fresh token to each request |
| \`header\` | has the token itself in its file, until that expires |
| \`copy\` | has a copy of the login in its own cache, and renews it by itself: where a refresh token changes with each use, the first of the two that renews ends the other's login |

The first way that is named for an app is the one that is taken; \`--how\` takes another. What is shown is for Linux; other systems have other paths. \`npm run test:apps\` installs the apps that are on npm and asks them whether they reach a server by what was written; the others are written by their documentation.

The other way round, \`mcp-auth add --from claude-code\` (or \`--from .mcp.json\`) takes the servers of an app, and \`--tokens\` its logins, so that nobody logs in twice. A name that the store cannot have is made to fit, variables (\`\${env:X}\`, \`{env:X}\`, \`$X\`) become \`\${X}\`, headers come along; what was changed and what could not be taken is told.
`;

const outro = `
## In the place of mcp-remote

Where a configuration says \`npx mcp-remote URL\`, \`mcp-auth bridge URL\` takes the same options. Without a login it answers the app with the command to run, and works as soon as the login is there.

## In code

[TypeScript and Python](in-code.md).
`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildAll();
  writeFileSync(path.join(root, 'docs', 'apps.md'), appsPage());
  writeFileSync(path.join(root, 'docs', 'vendors.md'), vendorsPage());
  process.stdout.write('docs/apps.md\ndocs/vendors.md\n');
}

/**
 * `npm run pages`: writes docs/vendors.md from the records in src/oauth/vendors, docs/apps.md from the output of
 * `mcp-auth connect APP example --print` for each app on Linux, the skill for coding agents, and the script of the relay's page. A
 * test fails if a page is out of date.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { apps } from '../src/apps/index.js';
import type { App } from '../src/apps/app.js';
import { skill, skillName } from '../src/reference/skill.js';
import buildAll from '../test/helpers/build.js';
import { makeReachable, type Reachable } from '../test/helpers/reachable.js';
import { root } from './build.js';
import { relayPage, relayScriptFile, relayScriptModule, withScriptHash } from './pages/relay-script.js';
import { vendorsPage } from './pages/vendors.js';
import { apps as testedApps } from './test-apps/apps.js';

/** Installers of skills look for this folder in a repository. */
export const skillFile = `skills/${skillName}/SKILL.md`;

/** The command that lists an app's servers, if the app has one. */
const checks: Record<string, string> = {
  'claude-code': 'claude mcp list',
  codex: 'codex mcp list',
  gemini: 'gemini mcp list',
  qwen: 'qwen mcp list',
  opencode: 'opencode mcp list',
  kilo: 'kilo mcp list',
  amp: 'amp mcp doctor',
  qoder: 'qodercli mcp list',
  mcporter: 'mcporter list',
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

/** The text of docs/apps.md. The package must be built. */
export function appsPage(): string {
  const home = mkdtempSync(path.join(os.tmpdir(), 'mcp-auth-pages-'));
  // A path that looks the same in every file format, so that it can be replaced: the path of the checkout may need escapes.
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
  const tested = testedApps.find(({ name }) => name === app.name)?.version;
  const lines = [
    `## ${app.name === 'json' ? 'Any other app' : app.summary}`,
    '',
    '```console',
    `$ mcp-auth connect ${app.name} example --print`,
    printed(app, home, program),
    '```',
    '',
    `Ways: ${ways.map((way) => `\`${way}\``).join(', ')}.${check === undefined ? '' : ` Check with: \`${check}\`.`}${tested === undefined ? '' : ` Tested with version ${tested}.`}`,
  ];
  if (app.nextSteps !== undefined) lines.push('', app.nextSteps.replaceAll('<', '\\<'));
  return `${lines.join('\n')}\n`;
}

/** The output of the command, with the paths of an installed package. */
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
# Apps

\`mcp-auth connect APP NAME\` changes an app's own configuration so that the app uses a login. Comments, order, formatting and the mode of the file are kept. The original is saved next to it (\`….before-mcp-auth\`).

- \`--print\` shows the change, as on this page, and changes nothing.
- \`--remove\` removes the server from the app.
- \`--project\` changes the file of the project, if the app has one.
- \`--as NAME\` gives the server another name in the app.
- \`mcp-auth connect --list\` lists the apps that have a file on this machine, and the logins that they use.

There are four ways to connect an app. With the first three, only mcp-auth renews the login.

| \`--how\` | the app |
| --- | --- |
| \`helper\` | runs \`mcp-auth headers NAME\` whenever it connects |
| \`bridge\` | starts \`mcp-auth bridge NAME\` as its server, which adds a fresh token to each request |
| \`header\` | has the token in its file, until the token expires |
| \`copy\` | has a copy of the login in its own cache and renews it. If the server replaces the refresh token at each use, the first of the two that renews ends the other's login |

The default is the first way that is listed for the app. Paths on this page are those of Linux. \`npm run test:apps\` installs the apps that are on npm, and checks that they find \`log_in\` before a login and reach a server through what \`connect\` wrote. Their sections name the version. The entries of the other apps follow their documentation.

## Servers and logins from an app

\`mcp-auth add --from claude-code\` (or \`--from .mcp.json\`) adds the servers of an app to the store. With \`--tokens\` it also takes the app's logins, so that you do not have to log in again.

- A name that the store does not allow is changed.
- Variables (\`\${env:X}\`, \`{env:X}\`, \`$X\`) become \`\${X}\`.
- Headers are included.
- mcp-auth prints what it has changed, and what it could not take.
`;

const outro = `
## Instead of mcp-remote

If a configuration has \`npx mcp-remote URL\`, replace it with \`mcp-auth bridge URL\`. It accepts the same options. Without a login, it offers the app one: see [From inside an app](logging-in.md#from-inside-an-app).

## In code

See [TypeScript and Python](in-code.md).
`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // The other pages are made with the built command, which contains this script.
  await writeRelayScript();
  await buildAll();
  writeFileSync(path.join(root, 'docs', 'apps.md'), appsPage());
  writeFileSync(path.join(root, 'docs', 'vendors.md'), vendorsPage());
  mkdirSync(path.join(root, path.dirname(skillFile)), { recursive: true });
  writeFileSync(path.join(root, skillFile), skill);
  process.stdout.write(`docs/apps.md\ndocs/vendors.md\n${skillFile}\n${relayScriptFile}\n${relayPage}\n`);
}

/** Builds the script of the relay's page, and writes its hash into docs/relay.md. */
async function writeRelayScript(): Promise<void> {
  const file = path.join(root, relayScriptFile);
  const page = path.join(root, relayPage);
  writeFileSync(file, await relayScriptModule());
  const { browserScript } = (await import(pathToFileURL(file).href)) as { readonly browserScript: string };
  writeFileSync(page, withScriptHash(readFileSync(page, 'utf8'), browserScript));
}

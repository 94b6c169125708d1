/**
 * Installs the packages of package-lock.json, unless this has been done already.
 * Plain JavaScript that imports only Node modules, because it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`mcp-auth needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

const root = new URL('..', import.meta.url);
const marker = new URL('node_modules/.set-up', root);
const wanted = createHash('sha256')
  .update(readFileSync(new URL('package-lock.json', root)))
  .digest('hex');

if (installed() !== wanted) {
  process.stderr.write('Installing the packages of package-lock.json …\n');
  // npm passes its own path to the scripts that it runs. On Windows, `npm` cannot be started without a shell.
  const npm = process.env['npm_execpath'];
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const { status } = spawnSync(command, [...args, 'ci', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(marker, wanted);
}

function installed() {
  try {
    return readFileSync(marker, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * `npm run test:windows`: runs the built package with Node for Windows in wine, on this machine. It logs in with real servers
 * and uses the login, as the smoke test of a release does.
 *
 * Wine is not Windows: it shows that the code for Windows runs, with the paths, the processes and the pipes of Windows. Without
 * wine, the script prints why it has tried nothing. In CI, that is a failure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import build, { command } from '../test/helpers/build.js';
import { installLocked, lockedNames, lockedVersion } from './locked.js';
import { smokeOn } from './smoke.js';
import { explainMissingWine, startWine, toWindowsPath } from './wine/machine.js';

const say = (text: string) => void process.stdout.write(`${text}\n`);

async function testWindows(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-windows-'));
  try {
    await build();
    installLocked('windows', folder);
    for (const name of lockedNames('windows')) {
      const node = path.join(folder, 'node_modules', name, 'bin/node.exe');
      const wine = await startWine({ folder: path.join(folder, `machine-${name}`), node });
      try {
        const program = toWindowsPath(command);
        const checks = await smokeOn({ start: (words) => wine.start(['node', program, ...words]) }, name);
        say(`✓ Node ${lockedVersion('windows', name)} for Windows in wine: ${checks} checks passed`);
      } finally {
        await wine.close();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const missing = await explainMissingWine();
if (missing === undefined) await testWindows();
else {
  say(`SKIPPED: ${missing}`);
  if (process.env['CI']) process.exitCode = 1;
}

/**
 * `npm run test:windows`: runs the built package with Node for Windows in wine, on this machine. It logs in with real servers
 * and uses the login, as the smoke test of a release does.
 *
 * Wine is not Windows: it shows that the code for Windows runs, with the paths, the processes and the pipes of Windows. Without
 * wine, the script prints why it has tried nothing. In CI, that is a failure.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { piped } from '../test/helpers/piped.js';
import build, { command } from '../test/helpers/build.js';
import { version } from './build.js';
import { bundle } from './bundler.js';
import { installLocked, lockedNames, lockedVersion } from './locked.js';
import { smokeOn } from './smoke.js';
import { explainMissingWine, startWine, toWindowsPath, type WineMachine } from './wine/machine.js';

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** What cmd.exe would run, split, replace or drop if it were not quoted. */
const hostileWords = ['plain', 'a&echo x', 'a|b', '^&', '(x)', '!Path!', 'a b', '', 'C:\\a b\\', 'a>b', 'a;b,c=d'];

/** @throws Error if a batch file does not get these words, or gets one that it must not get. */
async function testBatchFile(wine: WineMachine, folder: string): Promise<void> {
  const tools = path.join(folder, 'a b&c');
  mkdirSync(tools, { recursive: true });
  // starter.mjs sets NODE. PATH has only this folder.
  writeFileSync(path.join(tools, 'show.cmd'), '@echo off\r\n"%NODE%" "%~dp0show.js" %*\r\n');
  writeFileSync(path.join(tools, 'show.js'), 'console.log(JSON.stringify(process.argv.slice(2)))');
  const outfile = path.join(folder, 'batch.mjs');
  await bundle({ input: { batch: path.join(import.meta.dirname, 'wine/batch.ts') }, output: { file: outfile, format: 'esm' }, version });
  const show = async (words: readonly string[]) => {
    const child = wine.start(['node', toWindowsPath(outfile), toWindowsPath(tools), ...words]);
    const { exit, output } = piped(child);
    return { exitCode: await exit, ...output };
  };
  const { stdout, stderr } = await show(hostileWords);
  if (stdout.trim() !== JSON.stringify(hostileWords)) throw new Error(`A batch file got ${stdout}${stderr}`);
  const refused = await show(['"&echo x']);
  if (refused.exitCode === 0 || refused.stdout !== '') throw new Error(`A batch file got ${refused.stdout}`);
}

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
        await testBatchFile(wine, path.join(folder, `tools-${name}`));
        say(`✓ Node ${lockedVersion('windows', name)} for Windows in wine: ${checks + 2} checks passed`);
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

/**
 * `npm run hostile`: every attack of test/hostile, 10,000 texts for each property, and what a table of them says. Takes
 * `--runs N` for more texts.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const runs = process.argv.includes('--runs') ? Number(process.argv[process.argv.indexOf('--runs') + 1]) : 10_000;
const folder = mkdtempSync(path.join(tmpdir(), 'hostile-'));
const report = path.join(folder, 'report.json');

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const what: Readonly<Record<string, string>> = {
  'attacks.test.ts': 'attacks by a server, each with its exit code, its sentence, a tripwire, the store',
  'network.test.ts': 'attacks by names and addresses, in a network of their own',
  'listener.test.ts': 'strangers at the loopback listener',
  'machine.test.ts': 'other users of the machine, and what they can see',
  'properties.test.ts': `properties of any text, ${runs.toLocaleString('en')} texts each`,
  'supply-chain.test.ts': 'what is shipped, and what is read of the surroundings',
};

const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const words = ['run', 'test/hostile', 'test/supply-chain.test.ts', '--reporter=json', `--outputFile=${report}`];
const ended = spawnSync(process.execPath, [vitest, ...words], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, PROPERTY_RUNS: String(runs) },
});
const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
rmSync(folder, { recursive: true });

let failures = 0;
for (const [file, title] of Object.entries(what)) {
  const results = testResults.find(({ name }) => path.basename(name) === file)?.assertionResults ?? [];
  const count = (status: string) => results.filter((one) => one.status === status).length;
  const failed = results.filter(({ status }) => status === 'failed');
  failures += failed.length + (results.length === 0 ? 1 : 0);
  const skipped = count('skipped') + count('pending');
  const rest = skipped === 0 ? '' : `     ${skipped} skipped here`;
  process.stdout.write(
    `${failed.length === 0 && results.length > 0 ? '✓' : '✗'} ${String(count('passed')).padStart(4)} hold  ${title}${rest}\n`,
  );
  for (const { fullName, failureMessages = [] } of failed)
    process.stdout.write(`      ✗ ${fullName}\n        ${failureMessages[0]?.split('\n')[0] ?? ''}\n`);
}
process.exitCode = failures === 0 && ended.status === 0 ? 0 : 1;

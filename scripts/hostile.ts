/**
 * `npm run hostile`: every attack of test/hostile, 10,000 texts for each property, and what a table of them says. Takes
 * `--runs N` for more texts.
 */
import path from 'node:path';
import { formatFailures, runTests } from './test-report.js';

const runs = process.argv.includes('--runs') ? Number(process.argv[process.argv.indexOf('--runs') + 1]) : 10_000;

const what: Readonly<Record<string, string>> = {
  'attacks.test.ts': 'attacks by a server, each with its exit code, its sentence, a tripwire, the store',
  'network.test.ts': 'attacks by names and addresses, in a network of their own',
  'listener.test.ts': 'strangers at the loopback listener',
  'machine.test.ts': 'files of a machine that others use too, and what they can see',
  'other-users.test.ts': 'other users of the machine: their links, stores and locks',
  'properties.test.ts': `properties of any text, ${runs.toLocaleString('en')} texts each`,
  'linear.test.ts': 'texts that are worst for what reads them: twice the length is twice the work',
  'canaries.test.ts': 'secrets in responses, redirects and URLs: none is printed',
  'supply-chain.test.ts': 'what is shipped, and what is read of the surroundings',
};

const { files, isPassed } = runTests(['test/hostile', 'test/supply-chain.test.ts'], { PROPERTY_RUNS: String(runs) });

let failures = 0;
for (const [file, title] of Object.entries(what)) {
  const results = files.find(({ name }) => path.basename(name) === file)?.assertionResults ?? [];
  const count = (status: string) => results.filter((one) => one.status === status).length;
  const failed = formatFailures(results);
  failures += failed.length + (results.length === 0 ? 1 : 0);
  const skipped = count('skipped') + count('pending');
  const rest = skipped === 0 ? '' : `     ${skipped} skipped here`;
  const mark = failed.length === 0 && results.length > 0 ? '✓' : '✗';
  process.stdout.write(`${mark} ${String(count('passed')).padStart(4)} hold  ${title}${rest}\n`);
  for (const one of failed) process.stdout.write(one);
}
process.exitCode = failures === 0 && isPassed ? 0 : 1;

/**
 * `npm run hostile`: runs all tests of test/hostile, with 10,000 texts for each property, and prints how many hold.
 * `--runs N` sets the number of texts.
 */
import path from 'node:path';
import { formatFailures, runTests } from './test-report.js';

const runs = process.argv.includes('--runs') ? Number(process.argv[process.argv.indexOf('--runs') + 1]) : 10_000;

const titles: Readonly<Record<string, string>> = {
  'attacks.test.ts': 'attacks by a server: exit code, message, tripwire, store',
  'network.test.ts': 'attacks with names and addresses, in an isolated network',
  'listener.test.ts': 'other requests to the loopback listener',
  'relay.test.ts': 'terminals, browsers and sites that attack a relay, and a relay that attacks its terminal',
  'agent.test.ts': 'machines that use an agent, sockets that are not an agent’s, and servers behind it',
  'machine.test.ts': 'files on a shared machine, and what other users can see',
  'other-users.test.ts': 'links, stores and locks of other users',
  'properties.test.ts': `properties that hold for any text, ${runs.toLocaleString('en')} texts each`,
  'linear.test.ts': 'worst-case texts: twice the length takes at most twice the work',
  'canaries.test.ts': 'secrets in responses, redirects and URLs: none is printed',
  'supply-chain.test.ts': 'the content of the package, and the environment variables that are read',
};

const { files, isPassed } = runTests(['test/hostile', 'test/supply-chain.test.ts'], { PROPERTY_RUNS: String(runs) });

let failures = 0;
for (const [file, title] of Object.entries(titles)) {
  const results = files.find(({ name }) => path.basename(name) === file)?.assertionResults ?? [];
  const count = (status: string) => results.filter((one) => one.status === status).length;
  const failed = formatFailures(results);
  failures += failed.length + (results.length === 0 ? 1 : 0);
  const skipped = count('skipped') + count('pending');
  const rest = skipped === 0 ? '' : `     ${skipped} skipped`;
  const mark = failed.length === 0 && results.length > 0 ? '✓' : '✗';
  process.stdout.write(`${mark} ${String(count('passed')).padStart(4)} hold  ${title}${rest}\n`);
  for (const one of failed) process.stdout.write(one);
}
process.exitCode = failures === 0 && isPassed ? 0 : 1;

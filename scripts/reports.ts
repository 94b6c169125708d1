/**
 * `npm run reports`: runs the tests for problems that users of other tools have reported about servers, proxies, machines
 * and apps, and prints how many hold, by kind.
 */
import path from 'node:path';
import { formatFailures, runTests, type TestResult } from './test-report.js';

interface Kind {
  readonly kind: string;
  /** The test files, each with the beginning of the titles that count; undefined for all tests of the file. */
  readonly tests: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const reports = 'test/reports';
const kinds: readonly Kind[] = [
  { kind: 'vendors that reject what an RFC requires, or need an option', tests: { [`${reports}/options.test.ts`]: undefined } },
  { kind: 'hints that lead nowhere', tests: { [`${reports}/hints.test.ts`]: undefined } },
  {
    kind: 'missing overrides',
    tests: { [`${reports}/overrides.test.ts`]: undefined, [`${reports}/headers.test.ts`]: undefined, 'test/e2e/mtls.test.ts': undefined },
  },
  { kind: 'servers that reject a request without a 401', tests: { [`${reports}/refusals.test.ts`]: 'Only a 401' } },
  { kind: 'metadata at other addresses', tests: { [`${reports}/refusals.test.ts`]: 'Too few' } },
  { kind: 'values that differ only in form', tests: { [`${reports}/registrations.test.ts`]: 'Exact comparison' } },
  { kind: 'missing retries', tests: { [`${reports}/registrations.test.ts`]: 'No retry' } },
  { kind: 'unusual token responses', tests: { [`${reports}/token-answers.test.ts`]: undefined } },
  {
    kind: 'incomplete or malformed values',
    tests: { [`${reports}/half-values.test.ts`]: undefined, 'test/text/file-text.test.ts': undefined },
  },
  { kind: 'unclear messages', tests: { [`${reports}/words.test.ts`]: undefined, [`${reports}/bridge.test.ts`]: 'Words' } },
  {
    kind: 'pasted text',
    tests: { [`${reports}/pastes.test.ts`]: undefined, 'test/oauth/pasted-response.test.ts': undefined },
  },
  {
    kind: 'behaviour that differs between apps',
    tests: { [`${reports}/bridge.test.ts`]: 'Two clients', 'test/login/verification.test.ts': undefined },
  },
  { kind: 'the bridge', tests: { [`${reports}/bridge.test.ts`]: 'The bridge' } },
  {
    kind: 'the machine',
    tests: {
      'test/e2e/homeless.test.ts': undefined,
      'test/e2e/tls.test.ts': undefined,
      'test/http/network-errors.test.ts': undefined,
      'test/store/path.test.ts': undefined,
    },
  },
  {
    kind: 'configuration files of apps',
    tests: {
      'test/commands/add.test.ts': undefined,
      'test/commands/add-from.test.ts': undefined,
      'test/apps/notation.test.ts': undefined,
      'test/apps/line-endings.test.ts': undefined,
      'test/store/variables.test.ts': undefined,
    },
  },
  { kind: 'vendors without any option', tests: { 'test/vendors/vendors.test.ts': undefined } },
];

const { files, isPassed } = runTests([...new Set(kinds.flatMap(({ tests }) => Object.keys(tests)))]);

/**
 * Finds the results of a kind.
 *
 * @throws Error if a file has no results or no test with such a title, because then the table is wrong.
 */
function findResults({ tests }: Kind): TestResult[] {
  return Object.entries(tests).flatMap(([file, beginnings]) => {
    const all = files.find(({ name }) => name.endsWith(path.normalize(file)))?.assertionResults ?? [];
    const chosen =
      beginnings === undefined ? all : all.filter(({ fullName }) => [beginnings].flat().some((one) => fullName.startsWith(one)));
    if (chosen.length === 0) throw new Error(`${file} has no test ${String(beginnings)}`);
    return chosen;
  });
}

let triedInTotal = 0;
let heldInTotal = 0;
process.stdout.write('   tried  hold  kind\n');
for (const kind of kinds) {
  const results = findResults(kind);
  const skipped = results.filter(({ status }) => status === 'skipped' || status === 'pending').length;
  const tried = results.length - skipped;
  const hold = results.filter(({ status }) => status === 'passed').length;
  triedInTotal += tried;
  heldInTotal += hold;
  const rest = skipped === 0 ? '' : `     ${skipped} skipped`;
  process.stdout.write(`${hold === tried ? '✓' : '✗'} ${String(tried).padStart(6)} ${String(hold).padStart(5)}  ${kind.kind}${rest}\n`);
  for (const one of formatFailures(results)) process.stdout.write(one);
}
process.stdout.write(`${heldInTotal} of ${triedInTotal} hold\n`);
process.exitCode = heldInTotal === triedInTotal && isPassed ? 0 : 1;

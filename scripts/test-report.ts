/** Runs some of the tests and reads their results. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

export interface TestResult {
  readonly status: string;
  /** The titles of its groups and of the test, separated by spaces. */
  readonly fullName: string;
  readonly failureMessages?: readonly string[];
}

export interface FileResult {
  readonly name: string;
  readonly assertionResults: readonly TestResult[];
}

/** Runs the tests of these files and folders. Output on stderr is passed on. */
export function runTests(
  files: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly files: readonly FileResult[]; readonly isPassed: boolean } {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-report-'));
  const report = path.join(folder, 'report.json');
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const ended = spawnSync(process.execPath, [vitest, 'run', ...files, '--reporter=json', `--outputFile=${report}`], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as { testResults: readonly FileResult[] };
  rmSync(folder, { recursive: true });
  return { files: testResults, isPassed: ended.status === 0 };
}

/** Formats the failures among some results, each with the first line of its message. */
export function formatFailures(results: readonly TestResult[]): string[] {
  const failed = results.filter(({ status }) => status === 'failed');
  return failed.map(({ fullName, failureMessages = [] }) => `      ✗ ${fullName}\n        ${failureMessages[0]?.split('\n')[0] ?? ''}\n`);
}

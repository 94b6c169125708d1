/** Bundles our source with its dependencies, and tells which files are in the result. */
import path from 'node:path';
import { rolldown, type OutputChunk, type OutputOptions, type Plugin } from 'rolldown';

export const root = path.resolve(import.meta.dirname, '..');

/** A file that was read for a bundle. */
export interface BundledFile {
  /** Relative to the root, as `node_modules/conf/dist/source/index.js`. */
  readonly file: string;
  /** Bytes of its code in the output, before white space is removed. 0 for a file that leaves no code there. */
  readonly bytes: number;
  readonly imports: readonly string[];
}

export interface BundleOptions {
  /** The entry points: their names in the output, and their files. */
  readonly input: Readonly<Record<string, string>>;
  readonly output: OutputOptions;
  /** Replaces `builtVersion` in the source. */
  readonly version: string;
  readonly plugins?: readonly Plugin[];
  /** Whether to write the output. */
  readonly write?: boolean;
}

/** Modules that are replaced by a text: which, if which file imports them, and by what. */
const replaced: readonly { readonly module: string; readonly importer?: string; readonly code: string }[] = [
  // conf uses env-paths only if no folder is given; we always give one. When env-paths is loaded, it looks up the home folder, and the
  // program would crash for a user who has none.
  { module: 'env-paths', code: 'export default () => { throw new Error("conf was used without a folder"); };' },
  // commander can start programs as subcommands, which we have none of. For that alone, every start would load `node:child_process`.
  { module: 'node:child_process', importer: '/node_modules/commander/', code: 'module.exports = {};' },
];

const replaceModules: Plugin = {
  name: 'replace modules',
  resolveId: (id, importer = '') => {
    const at = replaced.findIndex((one) => one.module === id && toSlashes(importer).includes(one.importer ?? ''));
    return at === -1 ? undefined : `\0replaced:${at}`;
  },
  load: (id) => (id.startsWith('\0replaced:') ? replaced[Number(id.slice('\0replaced:'.length))]?.code : undefined),
};

/** Bundles for the oldest Node that we support. */
export async function bundle({ input, output, version, plugins = [], write = true }: BundleOptions): Promise<Bundled> {
  const imports = new Map<string, readonly string[]>();
  const noteImports: Plugin = {
    name: 'note imports',
    buildEnd() {
      for (const id of this.getModuleIds()) {
        const { importedIds = [], dynamicallyImportedIds = [] } = this.getModuleInfo(id) ?? {};
        imports.set(id, [...importedIds, ...dynamicallyImportedIds]);
      }
    },
  };
  const made = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    // Some packages have a `main` that cannot be bundled. Prefer their `module`.
    resolve: { mainFields: ['module', 'main'] },
    // `pg` loads these only if the user has installed the first, or on a platform of Cloudflare.
    external: ['pg-native', 'pg-cloudflare'],
    transform: {
      target: 'node20.19',
      // `open` would start a program next to its own file, which is in another folder here: it uses the xdg-open of the machine instead.
      define: { builtVersion: JSON.stringify(version), 'import.meta.url': 'undefined' },
    },
    // A module in the same piece as its importer need not be loaded on demand.
    checks: { ineffectiveDynamicImport: false },
    plugins: [replaceModules, ...plugins, noteImports],
  });
  try {
    const result = await (write ? made.write(output) : made.generate(output));
    const chunks = result.output.filter((one) => one.type === 'chunk');
    const bytes = new Map(chunks.flatMap(({ modules }) => Object.entries(modules).map(([id, { renderedLength }]) => [id, renderedLength])));
    const files = [...imports].map(([id, ids]) => ({ file: toFile(id), bytes: bytes.get(id) ?? 0, imports: ids.map(toFile) }));
    return { files, chunks };
  } finally {
    await made.close();
  }
}

export interface Bundled {
  readonly files: readonly BundledFile[];
  readonly chunks: readonly OutputChunk[];
}

function toFile(id: string): string {
  return path.isAbsolute(id) ? toSlashes(path.relative(root, id)) : id;
}

function toSlashes(file: string): string {
  return file.replaceAll('\\', '/');
}

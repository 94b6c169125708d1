/** The files that are attached as they have been built: the single file, the npm package, the SBOMs and the licences. */
import { copyFileSync, existsSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { pack } from '../release/packed.js';
import type { Format } from './page.js';

/** The name without the version, so that `releases/latest/download` always has it. */
const tarball = 'mcp-auth-cli.tgz';

export const plainFiles: Format = {
  name: 'single file, npm package, SBOMs',
  make: ({ folder, sources: { root, dist, bundle } }) => {
    const copies: (readonly [from: string, name: string])[] = [
      [path.join(bundle, 'mcp-auth.mjs'), 'mcp-auth.mjs'],
      ...['THIRD-PARTY-LICENSES.txt', 'LICENSE-of-Node.txt'].map((name) => [path.join(bundle, name), name] as const),
      [path.join(dist, 'sbom.cdx.json'), `${tarball}.cdx.json`],
      ...readdirSync(bundle)
        // An SBOM whose product was removed is of an earlier build.
        .filter((name) => name.endsWith('.cdx.json') && existsSync(path.join(bundle, name.replace(/\.cdx\.json$/, ''))))
        .map((name) => [path.join(bundle, name), name] as const),
    ];
    for (const [from, name] of copies) copyFileSync(from, path.join(folder, name));
    renameSync(pack(root, folder), path.join(folder, tarball));
    return [tarball, ...copies.map(([, name]) => name)];
  },
};

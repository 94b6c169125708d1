/**
 * Files that name a version, an address or a checksum. Each file in `deploy/release` is one, in its own language, so that its
 * own tools can check it. `@name@` in it is a value of the page.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodeArchiveOf } from './archives.js';
import { hashFile } from './checksums.js';
import type { Format, Page } from './page.js';

const templateFolder = 'deploy/release';

function valuesOf({ folder, version, project, downloads }: Page): Readonly<Record<string, string>> {
  const archive = nodeArchiveOf(version);
  const hash = hashFile(path.join(folder, archive));
  return {
    version,
    downloads,
    homepage: project.homepage,
    license: project.license,
    summary: project.description.replace(/\.$/, ''),
    archive,
    sha256: hash.toString('hex'),
    sri: `sha256-${hash.toString('base64')}`,
  };
}

/** @throws Error if the template has a name without a value. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/@([a-z\d]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`@${name}@ in ${templateFolder} has no value.`);
    // The values are words of shell, Ruby and Nix strings. This is text of our own, so it is refused and not escaped.
    if (!/^[\w .,:/+=-]*$/.test(value)) throw new Error(`The value of @${name}@ has a character that a template cannot have: ${value}`);
    return value;
  });
}

export const templates: Format = {
  name: 'install script, Homebrew, Nix, container',
  make: (page) => {
    const values = valuesOf(page);
    const from = path.join(page.sources.root, templateFolder);
    const names = readdirSync(from).sort();
    for (const name of names) {
      const file = path.join(from, name);
      const { mode } = statSync(file);
      writeFileSync(path.join(page.folder, name), fillTemplate(readFileSync(file, 'utf8'), values), { mode });
    }
    return names;
  },
};

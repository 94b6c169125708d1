/** The text of a release page: what changed, from CHANGELOG.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findChanges } from '../release/version.js';
import type { Format } from './page.js';

export const notesFile = 'notes.md';

export const notes: Format = {
  name: 'release notes',
  make: ({ folder, version, sources, isComplete }) => {
    const changelog = readFileSync(path.join(sources.root, 'CHANGELOG.md'), 'utf8');
    const changes = findChanges(changelog, version) ?? (isComplete ? undefined : findChanges(changelog, 'Unreleased'));
    if (changes === undefined) throw new Error(`CHANGELOG.md has no entry under "## ${version}".`);
    writeFileSync(path.join(folder, notesFile), changes);
    return [notesFile];
  },
};

/**
 * What a release page has. To add a format, add a file to this folder and an entry to this list. A format can use the files of
 * those before it. To add a file that only names a version and an archive, add it to `deploy/release`.
 */
import { archives } from './archives.js';
import { checksums } from './checksums.js';
import { debian } from './debian.js';
import { notes } from './notes.js';
import type { Format } from './page.js';
import { plainFiles } from './plain-files.js';
import { templates } from './templates.js';

export const formats: readonly Format[] = [plainFiles, archives, debian, templates, notes, checksums];

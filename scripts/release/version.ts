/** Computes the next version and the new text of the files that a release changes. */

/** Major, minor and patch. */
type Version = readonly [number, number, number];

function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/**
 * Computes the version to release. `wanted` is `patch`, `minor`, `major` or a version.
 *
 * @throws Error if `wanted` is not a version or is older than `current`. It may equal `current`, for the first release.
 */
export function nextVersion(current: string, wanted: string): string {
  const [major, minor, patch] = parseVersion(current) ?? [0, 0, 0];
  if (wanted === 'patch') return [major, minor, patch + 1].join('.');
  if (wanted === 'minor') return [major, minor + 1, 0].join('.');
  if (wanted === 'major') return [major + 1, 0, 0].join('.');
  const version = parseVersion(wanted);
  if (version === undefined) throw new Error(`${JSON.stringify(wanted)} is not patch, minor, major or a version such as 1.2.3.`);
  const first = version.findIndex((number, at) => number !== [major, minor, patch][at]);
  if (first !== -1 && (version[first] ?? 0) < ([major, minor, patch][first] ?? 0)) throw new Error(`${wanted} is older than ${current}.`);
  return wanted;
}

/** Sets the version of this package in the text of package.json or package-lock.json. Nothing else changes. */
export function withVersion(manifest: string, version: string): string {
  const document = JSON.parse(manifest) as { version: string; packages?: Record<string, { version?: string } | undefined> };
  document.version = version;
  const own = document.packages?.[''];
  if (own) own.version = version;
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Finds the entries of the changelog under a version, or under "Unreleased". Undefined if there are no entries. */
export function findChanges(changelog: string, title: string): string | undefined {
  const section = changelog.split(/^(?=## )/m).find((one) => one.slice('## '.length).split(/\s/, 1)[0] === title);
  const entries = section?.replace(/^.*\n+/, '');
  return entries !== undefined && /^- /m.test(entries) ? entries : undefined;
}

/** Moves the unreleased entries of the changelog under a version and its date. Undefined if there are no entries. */
export function releasedChangelog(changelog: string, { version, date }: { version: string; date: string }): string | undefined {
  if (findChanges(changelog, 'Unreleased') === undefined) return undefined;
  return changelog.replace(/^## Unreleased$/m, `## ${version} (${date})`);
}

/** Versions, and the three files that a release changes: text to text. */

/** `1.2.3` as numbers. */
type Version = readonly [number, number, number];

function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch] = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/**
 * The version that `wanted` means: `patch`, `minor` or `major` of the current one, or itself.
 *
 * @throws when it is no version, or not after the current one. The current one itself may be released once.
 */
export function nextVersion(current: string, wanted: string): string {
  const [major, minor, patch] = parseVersion(current) ?? [0, 0, 0];
  if (wanted === 'patch') return [major, minor, patch + 1].join('.');
  if (wanted === 'minor') return [major, minor + 1, 0].join('.');
  if (wanted === 'major') return [major + 1, 0, 0].join('.');
  const version = parseVersion(wanted);
  if (version === undefined) throw new Error(`${JSON.stringify(wanted)} is neither patch, minor, major nor a version as 1.2.3.`);
  const first = version.findIndex((number, at) => number !== [major, minor, patch][at]);
  if (first !== -1 && (version[first] ?? 0) < ([major, minor, patch][first] ?? 0)) throw new Error(`${wanted} is before ${current}.`);
  return wanted;
}

/** package.json, or package-lock.json, with another version of this package; all else stays as it is written. */
export function withVersion(manifest: string, version: string): string {
  const document = JSON.parse(manifest) as { version: string; packages?: Record<string, { version?: string } | undefined> };
  document.version = version;
  const own = document.packages?.[''];
  if (own) own.version = version;
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const unreleased = /^## Unreleased\n+([^]*?)(?=^## |$(?![^]))/m;

/** The changelog with what was not released yet under a version and its date; undefined where it says nothing of it. */
export function releasedChangelog(changelog: string, { version, date }: { version: string; date: string }): string | undefined {
  const [, entries = ''] = unreleased.exec(changelog) ?? [];
  if (!/^- /m.test(entries)) return undefined;
  return changelog.replace(/^## Unreleased$/m, `## ${version} (${date})`);
}

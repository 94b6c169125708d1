/** Updates the actions of the workflows. Each is pinned by commit, with its version in a comment. */
import { execFileSync } from 'node:child_process';

/** `uses: OWNER/NAME@COMMIT # vVERSION`. A repository with several actions has each in a folder: `OWNER/NAME/FOLDER@…`. */
const pinned = /(?<=^ *(?:- )?uses: )([\w-]+\/[\w-]+)((?:\/[\w-]+)*)@([0-9a-f]{40}) # v(\d+)\.(\d+)\.(\d+)$/gm;

/** Fetches the tags of a repository, each with its commit. */
export function tagsOf(repository: string): Map<string, string> {
  const listed = execFileSync('git', ['ls-remote', '--tags', '--', repository], { encoding: 'utf8', timeout: 60_000 });
  const tags = new Map<string, string>();
  // An annotated tag is listed twice: first the tag object, then, with `^{}`, the commit. The second one wins.
  for (const [, commit = '', name = ''] of listed.matchAll(/^([0-9a-f]{40})\trefs\/tags\/(.+?)(?:\^\{\})?$/gm)) tags.set(name, commit);
  return tags;
}

/**
 * Updates each action of a workflow to the newest version of its major version.
 *
 * @param tags returns the tags of a repository (`OWNER/NAME`) with their commits.
 * @throws Error if a tag does not point to the pinned commit: the tag was moved, or the pin was wrong from the start.
 */
export function withNewestActions(workflow: string, tags: (repository: string) => ReadonlyMap<string, string>): string {
  return workflow.replace(pinned, (...[, repository, folder, commit, major, minor, patch]: string[]) => {
    const known = tags(repository ?? '');
    const version = `v${major}.${minor}.${patch}`;
    const now = known.get(version);
    if (now !== commit)
      throw new Error(
        `${repository}${folder} ${version} is pinned at ${commit}, but its tag ${now === undefined ? 'was not found' : `points to ${now}`}.`,
      );
    const later = [...known.keys()]
      .map((name) => /^v(\d+)\.(\d+)\.(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
      .filter(([one]) => one === Number(major))
      .sort(([, a = 0, b = 0], [, c = 0, d = 0]) => c - a || d - b);
    const newest = `v${later[0]?.join('.')}`;
    return `${repository}${folder}@${known.get(newest)} # ${newest}`;
  });
}

/** The actions of the workflows: each by its commit, with its version in a comment. */
import { execFileSync } from 'node:child_process';

/** `uses: OWNER/NAME@COMMIT # vVERSION`, as it stands in a workflow; some repositories have several actions, each in a folder. */
const pinned = /(?<=^ *(?:- )?uses: )([\w-]+\/[\w-]+)((?:\/[\w-]+)*)@([0-9a-f]{40}) # v(\d+)\.(\d+)\.(\d+)$/gm;

/** The tags of a repository with their commits, by the repository itself. */
export function tagsOf(repository: string): Map<string, string> {
  const listed = execFileSync('git', ['ls-remote', '--tags', '--', repository], { encoding: 'utf8', timeout: 60_000 });
  const tags = new Map<string, string>();
  // An annotated tag comes twice: as an object of its own, and then, with `^{}`, as the commit that it is of.
  for (const [, commit = '', name = ''] of listed.matchAll(/^([0-9a-f]{40})\trefs\/tags\/(.+?)(?:\^\{\})?$/gm)) tags.set(name, commit);
  return tags;
}

/**
 * A workflow with the newest version of each action, within its major version. `tags` gets the repository of the action.
 *
 * @throws when a tag is not the commit that is pinned for it: it has been moved, or the pin was never true.
 */
export function withNewestActions(workflow: string, tags: (repository: string) => ReadonlyMap<string, string>): string {
  return workflow.replace(pinned, (...[, repository, folder, commit, major, minor, patch]: string[]) => {
    const known = tags(repository ?? '');
    const version = `v${major}.${minor}.${patch}`;
    const now = known.get(version);
    if (now !== commit) throw new Error(`${repository}${folder} ${version} is pinned at ${commit}, and its tag is ${now ?? 'not there'}.`);
    const later = [...known.keys()]
      .map((name) => /^v(\d+)\.(\d+)\.(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
      .filter(([one]) => one === Number(major))
      .sort(([, a = 0, b = 0], [, c = 0, d = 0]) => c - a || d - b);
    const newest = `v${later[0]?.join('.')}`;
    return `${repository}${folder}@${known.get(newest)} # ${newest}`;
  });
}

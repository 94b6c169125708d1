/** What package.json says about the project. All addresses in the files of a release are made here. */

/** The members of package.json that are used. */
export interface ProjectManifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly author: string;
  readonly repository: { readonly url: string };
}

export interface Project {
  readonly description: string;
  readonly license: string;
  /** The page of the repository. */
  readonly homepage: string;
  /** The name and an address that receives no mail: package.json has none. */
  readonly maintainer: string;
}

const repositoryPattern = /^git\+(https:\/\/github\.com\/([\w-]+)\/[\w.-]+)\.git$/;

/** @throws Error if `repository` is not a repository on GitHub. */
export function readProject({ description, license, author, repository }: ProjectManifest): Project {
  const [, homepage, owner] = repositoryPattern.exec(repository.url) ?? [];
  if (homepage === undefined || owner === undefined)
    throw new Error(`package.json has a repository that is not git+https://github.com/ACCOUNT/NAME.git: ${repository.url}`);
  const name = author.replace(/\s*[<(].*$/, '');
  return { description, license, homepage, maintainer: `${name} <${owner}@users.noreply.github.com>` };
}

/** The address of the folder with the files of a version. The workflow attaches them to the release of this tag. */
export function downloadsOf({ homepage }: Project, version: string): string {
  return `${homepage}/releases/download/v${version}`;
}

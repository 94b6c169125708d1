/** What package.json says about who publishes the package, and the placeholder that stands there until it is known. */

/** The fields that npm and people need: npm publishes with provenance only from the `repository`, and reports go to `bugs`. */
const fields = ['author', 'bugs', 'homepage', 'repository'] as const;

/** Stands in package.json for the account on GitHub that owns the repository. No field with this word in it is filled in. */
const placeholder = /\bOWNER\b/;

/** What keeps package.json from being published, as sentences. */
export function findMissingOwner(manifest: Readonly<Record<string, unknown>>): string[] {
  const missing = fields.filter((field) => manifest[field] === undefined);
  const open = fields.filter((field) => !missing.includes(field) && placeholder.test(JSON.stringify(manifest[field])));
  return [
    ...(missing.length > 0 ? [`package.json has no ${missing.join(', ')}.`] : []),
    ...(open.length > 0
      ? [`package.json has the placeholder OWNER in ${open.join(', ')}: replace it with the GitHub account that owns the repository.`]
      : []),
  ];
}

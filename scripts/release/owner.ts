/** Checks that package.json names the owner of the package, not the placeholder. */

/** The fields that must name the owner: npm accepts provenance only from `repository`, and users report problems at `bugs`. */
const fields = ['author', 'bugs', 'homepage', 'repository'] as const;

/** The placeholder for the GitHub account that owns the repository. */
const placeholder = /\bOWNER\b/;

/** Lists the missing and unfilled fields, one sentence for each kind. Empty if package.json can be published. */
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

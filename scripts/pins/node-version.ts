/** Finds the version of the Node in the executables. */

/**
 * Returns the newest version that is in all lists.
 *
 * @param lists plain versions, as `1.2.3`.
 * @throws Error if there is none.
 */
export function findNewestCommon(lists: readonly (readonly string[])[]): string {
  const [first = [], ...others] = lists;
  const common = first.filter((version) => others.every((list) => list.includes(version)));
  const [newest] = common.sort((one, other) => other.localeCompare(one, 'en', { numeric: true }));
  if (newest === undefined) throw new Error('No version is in all lists.');
  return newest;
}

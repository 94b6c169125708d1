/**
 * How the work of a function grows with its input: the processor's time for an input that was doubled three times, by that for
 * eight of the size that it had before. Of linear work both are the same, quadratic work takes 8 times as long, on a machine of
 * any speed and under any load: both take about as long as each other, and what else runs there can only add to a time, so that
 * the least of several is taken of each.
 */

/** Sizes that are tried until the work takes time. What takes none for the largest is not quadratic, or has a bound. */
const [first, largest] = [256, 64 * 1024];
/** Microseconds that are time. */
const least = 1_500;
/** Three doublings. */
const times = 8;
/** Rounds at least, and at most, where one was disturbed. */
const [fewest, most] = [2, 20];
/** Between 1 and 8. */
export const linear = 3;

/**
 * How much longer the work on an input takes than that on its eighths; 1 for what takes no time at all.
 *
 * @param make makes an input of so many units, again each time.
 * @param work may throw.
 */
export async function growth<T>(make: (size: number) => T, work: (input: T) => unknown): Promise<number> {
  const small = (size: number) =>
    timeOf(
      Array.from({ length: times }, () => make(size)),
      work,
    );
  const large = (size: number) => timeOf([make(size * times)], work);
  let size = first;
  while ((await small(size)) < least || (await small(size)) < least) {
    if (size >= largest) return 1;
    size *= 2;
  }
  let [ofSmall, ofLarge] = [Infinity, Infinity];
  for (let round = 0; round < most && (round < fewest || ofLarge / ofSmall > linear); round += 1) {
    ofSmall = Math.min(ofSmall, await small(size));
    ofLarge = Math.min(ofLarge, await large(size));
  }
  return ofLarge / ofSmall;
}

/** Microseconds of the processor. */
async function timeOf<T>(inputs: readonly T[], work: (input: T) => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (const input of inputs) {
    try {
      await work(input);
    } catch {
      // A refusal is an answer, too.
    }
  }
  const { user, system } = process.cpuUsage(before);
  return Math.max(user + system, 1);
}

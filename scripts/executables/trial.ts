/** Decides how the executable of a target can be tried on the machine that builds it. */
import { spawnSync } from 'node:child_process';
import type { Target } from '../targets.js';

export type Trial =
  /** The machine can start programs of the target. `how` is for the report of the build. */
  { readonly starts: true; readonly how: string } | { readonly starts: false; readonly reason: string };

/**
 * @param node a Node for the target. Whether the machine can start it shows more than its name: Linux can start programs for
 * another CPU if an emulator is registered with the kernel.
 * @throws Error in CI, if the machine lacks something that `.ci/emulation` provides.
 */
export function planTrial({ os, cpu }: Target, node: string, isCi = process.env['CI'] !== undefined): Trial {
  if (os !== process.platform) return { starts: false, reason: `${process.platform} does not start programs for ${os}` };
  const { status, error } = spawnSync(node, ['--version'], { stdio: 'ignore' });
  const how = cpu === process.arch ? 'on this machine' : `under emulation of ${cpu}`;
  if (status === 0) return { starts: true, how };
  const reason = `this machine does not start programs for ${os} on ${cpu} (${error?.message ?? `exit code ${status}`}); run .ci/emulation as root`;
  if (isCi) throw new Error(`In CI, each executable for ${os} must be tried, but ${reason}.`);
  return { starts: false, reason };
}

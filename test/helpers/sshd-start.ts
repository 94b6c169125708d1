import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Resolves once an sshd that logs to stderr accepts connections. Rejects with what it printed if it ends instead. */
export async function untilListening(daemon: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    daemon.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Server listening')) resolve();
    });
    daemon.on('close', () => reject(new Error(`sshd ended: ${said}`)));
  });
}

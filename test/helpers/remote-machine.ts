/** A remote machine for tests: ssh-machine.ts says what it is. */
import { onTestFinished } from 'vitest';
import { openRemoteMachine, type RemoteMachine, type RemoteMachineOptions } from './ssh-machine.js';

export { remoteUid, whyNoRemoteMachine, type RemoteMachine, type RemoteRun } from './ssh-machine.js';

/** Starts one, until the current test ends. */
export async function startRemoteMachine(options?: RemoteMachineOptions): Promise<RemoteMachine> {
  const machine = await openRemoteMachine(options);
  onTestFinished(() => machine.close());
  return machine;
}

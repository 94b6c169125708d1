/** Holds a call of the app while the user logs in, for as long as the app may wait for the response. */
import type { Clock } from '../../effects.js';
import type { StartedLogin } from '../../login/two-steps.js';
import { createNotification } from '../json-rpc.js';
import type { Deliver } from '../transport.js';
import type { AppRequest } from './app-request.js';
import { formatWaiting } from './own-tools.js';

/** Milliseconds for a call whose user is at the page. Many apps give a call 60 s, or more if there is progress. */
const holdTime = 50_000;
const holdTimeWithProgress = 300_000;
/** Milliseconds for a call that asks whether the user has approved. */
export const askAgainTime = 20_000;
const progressInterval = 10_000;

interface Hold<T> {
  readonly request: AppRequest;
  /** What the user is asked to approve. */
  readonly login: StartedLogin;
  readonly outcome: Promise<T>;
  /** Milliseconds; by default as long as the app may wait. */
  readonly time?: number;
  readonly write: Deliver;
}

/** The outcome, or undefined if there is none in time. The app is told of progress if it wants to be. */
export async function holdUntil<T>({ request, login, outcome, time, write }: Hold<T>, clock: Clock): Promise<T | undefined> {
  const { progressToken } = request;
  const limit = time ?? (progressToken === undefined ? holdTime : holdTimeWithProgress);
  let progress = 0;
  const reportProgress = () => {
    progress += 1;
    const params = { progressToken, progress, message: formatWaiting(login) };
    if (progressToken !== undefined) void write(createNotification('notifications/progress', params));
  };
  // Copilot CLI closes its dialog, and with it the code, when the user has chosen to open the address.
  reportProgress();
  const stopProgress = clock.every(progressInterval, reportProgress);
  let stopAlarm: () => void = () => undefined;
  const end = new Promise<undefined>((resolve) => (stopAlarm = clock.alarm(limit, () => resolve(undefined))));
  try {
    return await Promise.race([outcome, end]);
  } finally {
    stopProgress();
    stopAlarm();
  }
}

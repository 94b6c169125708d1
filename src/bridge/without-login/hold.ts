/** Holds a call of the app while the user logs in, for as long as the app may wait for the response. */
import type { Clock } from '../../effects.js';
import { createNotification } from '../json-rpc.js';
import type { Deliver } from '../transport.js';
import type { AppRequest } from './app-request.js';

/** Milliseconds for a call whose user is at the page. Many apps give a call 60 s, or more if there is progress. */
const holdTime = 50_000;
const holdTimeWithProgress = 300_000;
/** Milliseconds for a call that asks whether the user has approved. */
export const askAgainTime = 20_000;
const progressInterval = 10_000;

interface Hold<T> {
  readonly request: AppRequest;
  readonly outcome: Promise<T>;
  /** Milliseconds; by default as long as the app may wait. */
  readonly time?: number;
  readonly write: Deliver;
}

/** The outcome, or undefined if there is none in time. The app is told of progress if it wants to be. */
export async function holdUntil<T>({ request, outcome, time, write }: Hold<T>, clock: Clock): Promise<T | undefined> {
  const { progressToken } = request;
  const limit = time ?? (progressToken === undefined ? holdTime : holdTimeWithProgress);
  let progress = 0;
  const stopProgress = clock.every(progressInterval, () => {
    progress += 1;
    const params = { progressToken, progress, message: 'Waiting for the user to log in' };
    if (progressToken !== undefined) void write(createNotification('notifications/progress', params));
  });
  let stopAlarm: () => void = () => undefined;
  const end = new Promise<undefined>((resolve) => (stopAlarm = clock.alarm(limit, () => resolve(undefined))));
  try {
    return await Promise.race([outcome, end]);
  } finally {
    stopProgress();
    stopAlarm();
  }
}

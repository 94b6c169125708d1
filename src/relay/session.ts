/** A login that waits for its authorization response, and its steps. A step that is not possible now is undefined. */
import type { OpenMessage } from '../relay-protocol/messages.js';
import { limits } from './limits.js';

/** What a relay remembers of a login. Nothing in it opens what is sealed. */
export interface RelaySession {
  readonly opened: Omit<OpenMessage, 'expires_in'>;
  /** In milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The authorization response, which has arrived. It is kept back until it is released. */
  readonly answer?: SealedAnswer;
  /** Set when the terminal may have the answer, with the short code that the user typed. */
  readonly release?: { readonly code?: string };
  readonly wrongCodes: number;
  /** How it ended. A session that has ended is kept for a while, so that its page can say so. */
  readonly end?: SessionEnd;
}

export interface SealedAnswer {
  readonly sealed: string;
  readonly isError: boolean;
  /** The browser that has brought it: no other one may enter the code, because the attacker of a phished user knows it. */
  readonly browser: string;
}

export type SessionEnd = 'logged_in' | 'failed' | 'too_many_codes';

type Step = RelaySession | undefined;

/** Opens it again, also after a failure. A response that has arrived belongs to what was opened before. */
export function reopen({ answer, end, wrongCodes }: RelaySession, again: RelaySession): Step {
  return answer === undefined && (end === undefined || end === 'failed') ? { ...again, wrongCodes } : undefined;
}

/** Takes the one response. An error is released at once: it gives access to nothing. */
export function takeAnswer(session: RelaySession, answer: SealedAnswer): Step {
  if (session.answer !== undefined || session.end !== undefined) return undefined;
  return { ...session, answer, ...(answer.isError && { release: {} }) };
}

/** Releases the answer for the right code. The last wrong code ends the session. */
export function takeCode(session: RelaySession, { code, isRight, now }: { code: string; isRight: boolean; now: number }): Step {
  if (!isWaitingForCode(session)) return undefined;
  if (isRight) return { ...session, release: { code } };
  const wrongCodes = session.wrongCodes + 1;
  // Its terminal has until the session expires to find out why.
  if (wrongCodes >= limits.codes) return { ...end({ ...session, wrongCodes }, 'too_many_codes', now), expiresAt: session.expiresAt };
  return { ...session, wrongCodes };
}

export function isWaitingForCode({ answer, release, end }: RelaySession): boolean {
  return answer !== undefined && release === undefined && end === undefined;
}

/** Whether another browser has brought the response. */
export function isOfOtherBrowser({ answer }: RelaySession, browser: string | undefined): boolean {
  return answer !== undefined && answer.browser !== browser;
}

export function countTriesLeft({ wrongCodes }: RelaySession): number {
  return limits.codes - wrongCodes;
}

/** Ends it and forgets the answer. */
export function takeOutcome(session: RelaySession, { isLoggedIn, now }: { isLoggedIn: boolean; now: number }): Step {
  return session.end === undefined ? end(session, isLoggedIn ? 'logged_in' : 'failed', now) : undefined;
}

function end({ opened, wrongCodes, expiresAt }: RelaySession, how: SessionEnd, now: number): RelaySession {
  return { opened, wrongCodes, end: how, expiresAt: Math.min(expiresAt, now + limits.afterEnd) };
}

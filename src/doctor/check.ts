/** What is looked at, one thing after the other, and what is found. */
import type { Context } from '../context.js';
import type { ErrorCode } from '../errors.js';
import type { Dialect } from '../oauth/dialect.js';
import type { Discovery } from '../oauth/discovery.js';
import type { Probe } from '../oauth/probe.js';
import type { ProtectedResource } from '../oauth/protected-resource.js';
import type { ServerEntry } from '../store/document.js';
import type { Login } from '../store/login.js';
import type { ServerSettings } from '../store/settings.js';
import type { RecordedResponse } from './recorded-responses.js';

/** `warning` is what may be as it should be; `failure` is what keeps a login from being made or used. */
export type CheckVerdict = 'fine' | 'warning' | 'failure';

/** What one look has shown. Sentences hold no secret, and nothing that a server sent except through `quoted`. */
export interface CheckResult {
  readonly verdict: CheckVerdict;
  readonly seen: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** The code that a command would fail with for it. */
  readonly code?: ErrorCode;
}

/** Public interface, as `doctor --json` has it. */
export interface Finding extends CheckResult {
  /** What was looked at. */
  readonly step: string;
  /** Where its name comes from, as `RFC 9728`. */
  readonly source?: string;
}

/** One link of the chain. Those of the machine are there without a server too. */
export interface Check<S extends CheckedServer | undefined = CheckedServer> {
  readonly name: string;
  readonly source?: string;
  /**
   * Looks, and keeps in `subject` what later steps build on. Undefined where there is nothing to see: the step before has
   * failed, or no server was named. What it throws is a failure; nothing that it does changes anything but a login that
   * has to be renewed.
   */
  run(
    subject: S,
    context: Context,
  ): Promise<CheckResult | readonly CheckResult[] | undefined> | CheckResult | readonly CheckResult[] | undefined;
}

export type MachineCheck = Check<CheckedServer | undefined>;

/** The server that is looked at, with what is known of it so far. */
export interface CheckedServer {
  readonly name: string;
  readonly url: URL;
  /** What the store has of it. */
  readonly entry?: ServerEntry | undefined;
  readonly login?: Login | undefined;
  /** What the person has said of it. */
  readonly settings: ServerSettings;
  /** Every request that was made for it. */
  readonly responses: RecordedResponse[];
  probe?: Probe;
  /** Null where the server has no such metadata. */
  protectedResource?: ProtectedResource | null;
  discovery?: Discovery;
  dialect?: Dialect;
  /** The login there is was used, and the server let it in. */
  isUsable?: boolean;
}

export const fine = (seen: string): CheckResult => ({ verdict: 'fine', seen });
export const warning = (seen: string, hint?: string): CheckResult => ({ verdict: 'warning', seen, hint });
export const failure = (seen: string, { hint, code }: { hint?: string; code?: ErrorCode } = {}): CheckResult => ({
  verdict: 'failure',
  seen,
  hint,
  ...(code && { code }),
});

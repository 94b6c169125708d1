/** The types of a check and of its results. */
import type { ServerAtAgent } from '../agent-client/lookup.js';
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

/** `warning` may be intended; `failure` prevents a login or its use. */
export type CheckVerdict = 'fine' | 'warning' | 'failure';

/** A result of a check. Sentences contain no secret, and text of a server only through `quote`. */
export interface CheckResult {
  readonly verdict: CheckVerdict;
  readonly seen: string;
  /** How to fix it. */
  readonly hint?: string | undefined;
  /** The error code with which a command would fail for this reason. */
  readonly code?: ErrorCode;
}

/** A result as `doctor --json` prints it. Public interface. */
export interface Finding extends CheckResult {
  /** The name of the check. */
  readonly step: string;
  /** The document that defines it, for example `RFC 9728`. */
  readonly source?: string;
}

/** A check of one step of a login. Checks of the machine also run without a server. */
export interface Check<S extends CheckedServer | undefined = CheckedServer> {
  readonly name: string;
  readonly source?: string;
  /**
   * Runs the check, and stores in `subject` what later checks need. Undefined if there is nothing to report, because an earlier
   * check failed or no server was named. An error that it throws is a failure. It changes nothing, except that it may renew a
   * login.
   */
  run(
    subject: S,
    context: Context,
  ): Promise<CheckResult | readonly CheckResult[] | undefined> | CheckResult | readonly CheckResult[] | undefined;
}

export type MachineCheck = Check<CheckedServer | undefined>;

/** The server that is checked, and what the checks so far have found. */
export interface CheckedServer {
  readonly name: string;
  readonly url: URL;
  /** Its entry in the store. */
  readonly entry?: ServerEntry | undefined;
  readonly login?: Login | undefined;
  /** The user's settings for it. */
  readonly settings: ServerSettings;
  /** The login that an agent has, if the store has none. */
  readonly atAgent?: ServerAtAgent | undefined;
  /** Every response to the requests of the checks. */
  readonly responses: RecordedResponse[];
  probe?: Probe;
  /** Null if the server has no such metadata. */
  protectedResource?: ProtectedResource | null;
  discovery?: Discovery;
  dialect?: Dialect;
  /** The server has accepted the stored login. */
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

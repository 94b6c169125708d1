/** Milliseconds to wait for another process: one that renews a login, which takes several requests. */
export const renewalTimeout = 150_000;
/** One that finishes a two-step login: as long as a user may take. */
export const attemptTimeout = 3_600_000;

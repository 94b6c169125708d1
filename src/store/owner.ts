/** Whether what `uid` has made can be trusted: this user's, and root's, who may do anything. To root, everybody's. */
export function isTrustedOwner(uid: number): boolean {
  const self = process.getuid?.();
  return self === undefined || self === 0 || uid === self || uid === 0;
}

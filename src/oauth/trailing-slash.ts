/** The URL or path without one slash at its end. */
export function removeTrailingSlash(text: string): string {
  return text.replace(/\/$/, '');
}

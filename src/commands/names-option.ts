import { AuthError } from '../errors.js';

/** Parses a list of server names. @throws AuthError `usage` */
export function parseServerNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.includes('')) return names;
  throw new AuthError('usage', '--only takes names of servers with commas between them.');
}

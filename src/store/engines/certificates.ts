/** The file with CA certificates that the URL of a store names. */
import { readFile } from 'node:fs/promises';
import { AuthError, getSystemCode } from '../../errors.js';

/** @throws AuthError `file_unreadable`. */
export async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AuthError('file_unreadable', `The CA certificates in ${file} cannot be read (${getSystemCode(error)}).`, {
      hint: 'Check the file that the URL of the store names.',
      cause: error,
    });
  }
}

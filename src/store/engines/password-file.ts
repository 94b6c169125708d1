/**
 * The password of PostgreSQL that is not in the URL: PGPASSWORD, or the file of PGPASSFILE or `~/.pgpass`, as libpq reads them:
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 *
 * `pg` would read them too, but prints warnings about it on stderr.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { findHomeFolder } from '../../folders.js';

interface PasswordQuestion {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Undefined if there is none. A file that other users may read is ignored, as libpq does. */
export async function findPassword(question: PasswordQuestion): Promise<string | undefined> {
  const { PGPASSWORD: password = '' } = question.variables;
  if (password !== '') return password;
  const file = findFile(question.variables);
  if (file === undefined) return undefined;
  try {
    const status = await stat(file);
    if (!status.isFile() || (process.platform !== 'win32' && (status.mode & 0o077) !== 0)) return undefined;
    return findLine(await readFile(file, 'utf8'), question);
  } catch {
    return undefined;
  }
}

function findFile(variables: PasswordQuestion['variables']): string | undefined {
  const { PGPASSFILE: named = '', APPDATA: data = '' } = variables;
  if (named !== '') return named;
  if (process.platform === 'win32') return data === '' ? undefined : path.join(data, 'postgresql', 'pgpass.conf');
  const home = findHomeFolder({ variables, platform: process.platform });
  return home === undefined ? undefined : path.join(home, '.pgpass');
}

/** Each line is `HOST:PORT:DATABASE:USER:PASSWORD`. `*` matches everything; a backslash precedes a colon or a backslash. */
function findLine(text: string, { host, port, database, user }: PasswordQuestion): string | undefined {
  // libpq looks up a socket in its standard folder as localhost.
  const hosts = host.startsWith('/') ? [host, 'localhost'] : [host];
  const wanted = [hosts, [String(port)], [database], [user]];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = splitFields(line);
    const isMatch = wanted.every((values, index) => fields[index] === '*' || values.includes(fields[index] ?? ''));
    if (isMatch && fields[4] !== undefined && fields[4] !== '') return fields[4];
  }
  return undefined;
}

function splitFields(line: string): string[] {
  const fields: string[] = [];
  let field = '';
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === ':') {
      fields.push(field);
      field = '';
      continue;
    }
    if (line[at] === '\\' && at + 1 < line.length) at += 1;
    field += line.charAt(at);
  }
  return [...fields, field];
}

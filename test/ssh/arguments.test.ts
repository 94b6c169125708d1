/** Lines that users type for ssh, read as ssh reads them. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { formatDestination, getConnectionOptions, getSessionOptions, parseSshLine } from '../../src/ssh/arguments.js';
import { describeWith } from '../helpers/installed.js';

const split = (line: string) => line.split(' ').filter(Boolean);
const read = (line: string) => {
  const parsed = parseSshLine(split(line));
  const [, , ...command] = formatDestination(parsed);
  return { connection: getConnectionOptions(parsed).join(' '), session: getSessionOptions(parsed).join(' '), command: command.join(' ') };
};

test.each([
  ['host', '', '', ''],
  ['me@host -p 2222', '-p 2222', '-p 2222', ''],
  ['host -p2222 -v ls -la', '-p 2222 -v', '-p 2222 -v', 'ls -la'],
  ['host ls -p 22', '', '', 'ls -p 22'],
  ['host -- ls -la', '', '', 'ls -la'],
  ['host -p 22 -- -odd', '-p 22', '-p 22', '-odd'],
  ['host -', '', '', '-'],
  ['host -tt top', '', '-t -t', 'top'],
  ['host -vt -l me top', '-v -l me', '-v -t -l me', 'top'],
  ['host -vp22 top', '-v -p 22', '-v -p 22', 'top'],
  ['host -N -L 8080:localhost:80', '-L 8080:localhost:80', '-N', ''],
  ['host -NL8080:localhost:80 -R 9:h:9 -D 1080', '-L 8080:localhost:80 -R 9:h:9 -D 1080', '-N', ''],
  ['host -W db:5432', '-o ClearAllForwardings=yes', '-W db:5432', ''],
  ['host -J jump -i ~/.ssh/id -F cfg', '-J jump -i ~/.ssh/id -F cfg', '-J jump -i ~/.ssh/id -F cfg', ''],
  ['host -o Port=22 -oUser=me -q', '-o Port=22 -o User=me -q', '-o Port=22 -o User=me -q', ''],
  ['host -AXC4 -e none', '-A -X -C -4', '-A -X -C -4 -e none', ''],
  ['host -n -T cat', '', '-n -T', 'cat'],
  ['host -s sftp', '', '-s', 'sftp'],
  ['host -E log -o -', '-E log -o -', '-E log -o -', ''],
  ['ssh://me@host:2222 id', '', '', 'id'],
])('%s', (line, connection, session, command) => {
  expect(read(line)).toEqual({ connection, session, command });
});

test.each([
  ['', 'is not a host'],
  ['-oProxyCommand=x', 'is not a host'],
  ['host -f ls', 'does not support the option -f'],
  ['host -vf ls', 'does not support the option -f'],
  ['host -M', 'does not support the option -M'],
  ['host -S /tmp/x', 'does not support the option -S'],
  ['host -O exit', 'does not support the option -O'],
  ['host -G', 'does not support the option -G'],
  ['host -Q cipher', 'does not support the option -Q'],
  ['host -Z', '“-Z” is not an option of ssh'],
  ['host --only linear', '“--only” is not an option of ssh'],
  ['host -p', 'The option -p of ssh needs a value'],
])('%s is a usage error', (line, message) => {
  expect(() => parseSshLine(split(line))).toThrow(message);
});

test('words of the command stay as they are', () => {
  const { command } = parseSshLine(['host', 'sh', '-c', `echo "a  b" 'c'`, '']);
  expect(command).toEqual(['sh', '-c', `echo "a  b" 'c'`, '']);
});

describeWith('ssh', 'ssh itself', (ssh) => {
  const settings = (words: readonly string[]) => execFileSync(ssh, ['-G', '-F', '/dev/null', ...words], { encoding: 'utf8' });

  describe('reads the session’s options like those that were typed', () => {
    test.each(['host -p2222 -l me', 'host -tt -v', 'host -N -o ServerAliveInterval=5', 'me@host -4CA', 'host -J jump -i /x'])(
      '%s',
      (line) => {
        const parsed = parseSshLine(split(line));
        expect(settings([...getSessionOptions(parsed), ...formatDestination(parsed)])).toBe(settings(split(line)));
      },
    );
  });
});

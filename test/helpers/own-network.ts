/** A network namespace for a script, by `bwrap`: it has only the addresses and the host names that the script defines. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';

/** Runs a TypeScript file there as root, with the folder as its argument. Returns its output, parsed as one JSON value per line. */
export function runInOwnNetwork({ bwrap, folder, script }: { bwrap: string; folder: string; script: string }): unknown[] {
  writeFileSync(path.join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  writeFileSync(path.join(folder, 'hosts'), '');
  writeFileSync(path.join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
  const etc = ['resolv.conf', 'hosts', 'nsswitch.conf'].flatMap((name) => ['--ro-bind', path.join(folder, name), `/etc/${name}`]);
  const words = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--bind', folder, folder, ...etc];
  // In a user namespace, root cannot enter the home of another user, where the machine's root may run these tests.
  const isOfAnother = process.getuid?.() === 0 && statSync(script).uid !== 0;
  const user = isOfAnother ? [] : ['--unshare-user', '--uid', '0', '--gid', '0'];
  // With the namespace of its processes, all of them end: one that is left behind would hold the output open.
  const alone = ['--unshare-net', '--unshare-pid', ...user, '--cap-add', 'ALL', '--die-with-parent'];
  // Everything else is read-only there, and tsx has its cache in the temporary folder.
  const temporary = ['--setenv', 'TMPDIR', folder];
  const inside = [process.execPath, '--import', 'tsx', script, folder];
  const printed = execFileSync(bwrap, [...words, ...alone, ...temporary, ...inside], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    // Less than hang-reporter.ts allows, so that the error names the test.
    timeout: 200_000,
    killSignal: 'SIGKILL',
  });
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** Adds these addresses to the loopback interface of such a network. */
export function addAddresses(addresses: readonly string[]): void {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  for (const address of addresses) {
    const length = isIP(address) === 4 ? 32 : 128;
    execFileSync('ip', ['addr', 'add', `${address}/${length}`, 'dev', 'lo', ...(isIP(address) === 6 ? ['nodad'] : [])]);
  }
}

/** The addresses of a host name, of one record type: 1 for IPv4, 28 for IPv6 (RFC 1035, RFC 3596). */
export type AddressesOf = (name: string, type: number) => readonly string[];

/** Starts the name server of such a network. */
export async function startNameServer(addressesOf: AddressesOf): Promise<void> {
  const nameServer = createSocket('udp4');
  nameServer.on('message', (query, { port, address }) => nameServer.send(answerTo(query, addressesOf), port, address));
  nameServer.bind(53, '127.0.0.1');
  await once(nameServer, 'listening');
}

/** RFC 1035 section 4: the header, the unchanged question, and an answer with addresses of one type. */
function answerTo(query: Buffer, addressesOf: AddressesOf): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const name = labels.join('.').toLowerCase();
  const found = addressesOf(name, type).map((address) => {
    const data = isIP(address) === 4 ? Buffer.from(address.split('.').map(Number)) : bytesOf(address);
    const record = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
    return Buffer.concat([record, data]);
  });
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(found.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, question, ...found]);
}

/** The sixteen bytes of an address with one `::` in it. */
function bytesOf(address: string): Buffer {
  const [start = [], end = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const words = [...start, ...Array.from({ length: 8 - start.length - end.length }, () => '0'), ...end];
  return Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

/** `node forwarder.mjs HOST PORT …`: forwards each port of 127.0.0.1 to the same one of a host. Prints a line when it listens. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import process from 'node:process';

const [host, ...ports] = process.argv.slice(2);
for (const port of ports.map(Number)) {
  const server = createServer((from) => {
    const to = connect({ host, port });
    for (const [one, other] of [
      [from, to],
      [to, from],
    ]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
}
process.stdout.write('ready\n');

/**
 * What a relay could do that speaks HTTP/1.1 on a socket of its own, without Node's client: the floor below the floor. It knows only
 * what mcp-server.mjs sends. DECISIONS.md says why the bridge does not do this.
 */
import net from 'node:net';
import { createInterface } from 'node:readline';

const url = new URL(process.argv[2]);
const socket = net.connect(url.port, url.hostname).setNoDelay(true).setEncoding('latin1');
const waiting = [];
let isBusy = false;
let received = '';
let session = '';

createInterface({ input: process.stdin.setEncoding('latin1') })
  .on('line', (line) => {
    waiting.push(line);
    sendNext();
  })
  .on('close', () => socket.destroy());

function sendNext() {
  if (isBusy || waiting.length === 0) return;
  isBusy = true;
  const line = waiting.shift();
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    `authorization: Bearer ${process.env.TOKEN}`,
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    ...(session === '' ? [] : [`mcp-session-id: ${session}`]),
    `content-length: ${line.length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${line}`, 'latin1');
}

socket.on('data', (chunk) => {
  received += chunk;
  for (let response = takeResponse(); response !== undefined; response = takeResponse()) {
    session ||= /mcp-session-id: ([^\r]+)/i.exec(response.head)?.[1] ?? '';
    if (response.body !== '') process.stdout.write(`${response.body}\n`, 'latin1');
    isBusy = false;
    sendNext();
  }
});

/** Undefined until all of it has arrived. */
function takeResponse() {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = received.slice(0, end);
  const start = end + 4;
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) return takeChunks(head, start);
  const stop = start + Number(length);
  if (received.length < stop) return undefined;
  const body = received.slice(start, stop);
  received = received.slice(stop);
  return { head, body };
}

function takeChunks(head, start) {
  if (!/transfer-encoding: chunked/i.test(head)) {
    received = received.slice(start);
    return { head, body: '' };
  }
  let body = '';
  for (let at = start; ;) {
    const line = received.indexOf('\r\n', at);
    const size = line === -1 ? NaN : parseInt(received.slice(at, line), 16);
    const next = line + 2 + size + 2;
    if (Number.isNaN(size) || received.length < next) return undefined;
    body += received.slice(line + 2, line + 2 + size);
    at = next;
    if (size > 0) continue;
    received = received.slice(at);
    return { head, body };
  }
}

/** The upper bound for a bridge: twenty lines that only pass messages on. */
import http from 'node:http';
import { createInterface } from 'node:readline';

const url = new URL(process.argv[2]);
const agent = new http.Agent({ keepAlive: true });
const headers = {
  authorization: `Bearer ${process.env.TOKEN}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
    headers['mcp-session-id'] ??= response.headers['mcp-session-id'];
    let text = '';
    response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    response.on('end', () => {
      const data = text.startsWith('event:') ? text.slice(text.indexOf('data: ') + 6).trimEnd() : text;
      if (data !== '') process.stdout.write(`${data}\n`);
    });
  });
  request.end(line);
});

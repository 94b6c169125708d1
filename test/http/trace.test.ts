/** The log of `--debug`. What it hides is also tested in test/hostile. */
import { expect, test } from 'vitest';
import { Trace } from '../../src/http/trace.js';

test.each(['set-cookie', 'mcp-session-id', 'dpop-nonce'])('the value of %s is hidden, also where the server repeats it', (name) => {
  const lines: string[] = [];
  const trace = new Trace((line) => lines.push(line));
  const url = new URL('https://a.example/');
  trace.logResponse(url, { status: 400, headers: { [name]: 'ticket-of-a-server' } });
  const body = Buffer.from(JSON.stringify({ error: 'use_dpop_nonce', error_description: 'use ticket-of-a-server' }));
  trace.logResponse(url, { status: 400, headers: { 'content-type': 'application/json' } }, body);
  expect(lines).toHaveLength(2);
  expect(lines.join(' ')).toContain('"use …"');
  expect(lines.join(' ')).not.toContain('ticket');
});

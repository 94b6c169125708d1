/** Messages that are too large to be parsed: they are passed on, with the id of the request. */
import { expect, test } from 'vitest';
import { parseResponseId, asResponseTo, toOneLine } from '../../src/bridge/json-rpc.js';
import { maxParsedBytes, findMembers } from '../../src/bridge/large-message.js';
import type { BinaryString } from '../../src/effects.js';

const result = { content: [{ type: 'text', text: `"id":7,{[\\"${'x'.repeat(maxParsedBytes)}` }], id: 8, method: 'none' };
const octets = (text: string) => text as BinaryString;

test.each([
  ['the id first', JSON.stringify({ jsonrpc: '2.0', id: 1, result })],
  ['the id last', JSON.stringify({ result, jsonrpc: '2.0', id: 1 })],
  ['the id in the middle, over several lines', JSON.stringify({ jsonrpc: '2.0', result, id: 1, extra: [1] }, null, 2)],
  ['the id as text', JSON.stringify({ jsonrpc: '2.0', id: '1', result })],
])('a large response with %s is recognised as the response to its request', (_, text) => {
  const line = toOneLine(octets(text));
  if (line === undefined) throw new Error('It was not recognised as JSON.');
  expect(line).not.toContain('\n');
  const answer = asResponseTo(line, 1);
  expect(JSON.parse(answer ?? '')).toEqual({ ...(JSON.parse(text) as object), id: 1 });
  expect(asResponseTo(line, 2)).toBeUndefined();
});

test.each([
  ['a request of the server', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: result })],
  ['a notification', JSON.stringify({ jsonrpc: '2.0', method: 'x', params: result })],
  ['an id that is an object', JSON.stringify({ jsonrpc: '2.0', id: { id: 1 }, result })],
  ['a batch', JSON.stringify([{ jsonrpc: '2.0', id: 1, result }])],
])('%s that is large is not a response', (_, text) => {
  expect(parseResponseId(octets(text))).toBeUndefined();
});

test('of a text that is cut off, the complete members are found', () => {
  expect([...findMembers(octets('{"a": 1, "b": {"c": 2}, "d": "')).keys()]).toEqual(['a', 'b']);
});

/** What the bridge keeps in memory between messages: how the app opened its session, pending requests, and the history of tokens. */
import { describe, expect, test } from 'vitest';
import { parseMessage, type Message } from '../../src/bridge/json-rpc.js';
import { Opening } from '../../src/bridge/opening.js';
import { PendingRequests } from '../../src/bridge/pending-requests.js';
import { isWithin, TokenHistory } from '../../src/bridge/token-history.js';
import { toBinary } from '../../src/text/binary-string.js';
import { testClock } from '../helpers/clock.js';

function messageOf(members: object): Message {
  const message = parseMessage(toBinary(JSON.stringify({ jsonrpc: '2.0', ...members })));
  if (message === undefined) throw new Error('not JSON');
  return message;
}

const initialize = (id: number) => messageOf({ id, method: 'initialize', params: {} });
const initialized = messageOf({ method: 'notifications/initialized' });

async function replay(opening: Opening): Promise<unknown[]> {
  const sent: unknown[] = [];
  const record = (message: Message) => {
    sent.push(message.id ?? message.method);
    return Promise.resolve();
  };
  await opening.replay({ initialize: record, initialized: record });
  return sent;
}

describe('the opening of a session', () => {
  test('is replayed as far as the app has come, with its newest initialize', async () => {
    const opening = new Opening();
    expect(await replay(opening)).toEqual([]);
    opening.remember(initialize(1));
    expect(await replay(opening)).toEqual([1]);
    opening.remember(initialized);
    expect(await replay(opening)).toEqual([1, 'notifications/initialized']);
    // The app has started over, and has not said that it is ready.
    opening.remember(initialize(2));
    expect(await replay(opening)).toEqual([2]);
  });
});

describe('pending requests', () => {
  const response = (id: number) => toBinary(`{"jsonrpc":"2.0","id":${id},"result":{}}`);

  test('a second response to one request is passed on like any other message', async () => {
    const requests = new PendingRequests();
    const toRequest: string[] = [];
    const toApp: string[] = [];
    await requests.track(
      messageOf({ id: 1, method: 'tools/call' }),
      (text) => void toRequest.push(text),
      () => {
        for (let count = 0; count < 2; count += 1) void requests.deliver(response(1), (text) => void toApp.push(text));
        return Promise.resolve();
      },
    );
    expect({ toRequest: toRequest.length, toApp: toApp.length }).toEqual({ toRequest: 1, toApp: 1 });
  });

  test('the end of a request does not end a newer one with the same id', async () => {
    const requests = new PendingRequests();
    const received: string[] = [];
    const message = messageOf({ id: 1, method: 'tools/call' });
    let endFirst: () => void = () => undefined;
    const first = requests.track(
      message,
      () => undefined,
      () => new Promise((resolve) => (endFirst = resolve)),
    );
    await requests.track(
      message,
      (text) => void received.push(text),
      async () => {
        endFirst();
        await first;
        void requests.deliver(response(1), () => undefined);
      },
    );
    expect(received).toHaveLength(1);
  });
});

describe('the history of tokens', () => {
  test('a token counts as accepted for a minute, and not after the system clock was set back', () => {
    const clock = testClock();
    const history = new TokenHistory({ clock });
    history.noteAccepted('t');
    clock.advance(59_000);
    expect(history.isAccepted('t')).toBe(true);
    expect(history.isAccepted('another')).toBe(false);
    clock.advance(2_000);
    expect(history.isAccepted('t')).toBe(false);
    expect(isWithin(clock.now() + 1, 1_000, clock)).toBe(false);
  });
});

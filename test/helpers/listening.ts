import type { RequestListener } from 'node:http';
import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { listen, type Listening, type Place } from './listen.js';

/** Starts a server that is closed when the current test ends. `what` is a request listener, or a server that does not listen yet. */
export async function listening(what: RequestListener | Server, place?: Place): Promise<Listening> {
  const started = await listen(what, place);
  onTestFinished(started.close);
  return started;
}

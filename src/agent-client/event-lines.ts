/** A response of an agent that consists of lines of JSON, which come one by one. */
import type { HttpResponse } from '../effects.js';
import { parseObject } from '../text/json.js';

/** The most characters of one line. */
const maxLineCharacters = 64 * 1024;

/** Each line that is a JSON object. Ends with the response, or when the connection is lost. */
export async function* readEventLines({ body }: HttpResponse): AsyncGenerator<Record<string, unknown>> {
  let rest = '';
  try {
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      rest += chunk;
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const value = parseObject(line);
        if (value !== undefined) yield value;
      }
      if (rest.length > maxLineCharacters) return;
    }
  } catch {
    // The connection is lost: there are no more lines.
  } finally {
    body.destroy();
  }
}

/** The body of a request, up to a limit. */
import { parseObject } from '../text/json.js';

/** The body as text; undefined if it has more octets than that, or is not UTF-8. */
export async function readText({ body }: Request, maxOctets: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxOctets) return undefined;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}

/** The body as a JSON object; undefined if it is none. */
export async function readObject(request: Request, maxOctets: number): Promise<Record<string, unknown> | undefined> {
  const text = await readText(request, maxOctets);
  return text === undefined ? undefined : parseObject(text);
}

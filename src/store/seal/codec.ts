/** Seals texts with the data key of a store: AES-256-GCM, bound to the place where each text is. Synchronous: there are many. */
import { loadCrypto } from '../../text/node-crypto.js';

/** The format of a sealed text: this, and base64url of the nonce, the ciphertext and the tag. */
const format = 'v1.';
const algorithm = 'aes-256-gcm';
/** Octets. */
const nonceLength = 12;
const tagLength = 16;
export const dataKeyLength = 32;
/** Places whose texts are remembered: far more than a store has. */
const maxPlaces = 200_000;
/** Remembered texts of one place: other programs may have written the same client several times. Beyond it, texts are sealed anew. */
const maxTexts = 16;

interface Remembered {
  readonly text: string;
  readonly sealed: string;
}

export class SealCodec {
  readonly #crypto = loadCrypto();
  readonly #key: Uint8Array;
  /** By place: a text that has not changed keeps its sealed text, octet for octet, so that the file does not change. */
  readonly #known = new Map<string, readonly Remembered[]>();
  /** Recognises the data key, without saying anything about it. */
  readonly fingerprint: string;

  constructor(dataKey: Uint8Array) {
    if (dataKey.length !== dataKeyLength) throw new RangeError('The data key has another length.');
    this.#key = dataKey;
    this.fingerprint = this.#crypto.createHmac('sha256', dataKey).update('mcp-auth seal').digest('base64url').slice(0, 22);
  }

  /** Seals a text. It opens only with the same place. */
  seal(place: string, text: string): string {
    const known = this.#known.get(place)?.find((one) => one.text === text);
    if (known !== undefined) return known.sealed;
    const nonce = this.#crypto.randomBytes(nonceLength);
    const cipher = this.#crypto.createCipheriv(algorithm, this.#key, nonce, { authTagLength: tagLength }).setAAD(Buffer.from(place));
    const parts = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    const sealed = format + Buffer.concat(parts).toString('base64url');
    this.#remember(place, { text, sealed });
    return sealed;
  }

  /** Undefined for a text of another key or place, a changed one, and any other text. */
  open(place: string, sealed: string): string | undefined {
    const known = this.#known.get(place)?.find((one) => one.sealed === sealed);
    if (known !== undefined) return known.text;
    if (!isSealedText(sealed)) return undefined;
    const octets = Buffer.from(sealed.slice(format.length), 'base64url');
    if (octets.length < nonceLength + tagLength) return undefined;
    const end = octets.length - tagLength;
    try {
      const decipher = this.#crypto.createDecipheriv(algorithm, this.#key, octets.subarray(0, nonceLength), { authTagLength: tagLength });
      decipher.setAAD(Buffer.from(place)).setAuthTag(octets.subarray(end));
      const text = decipher.update(octets.subarray(nonceLength, end)).toString();
      // Throws unless everything is as it was sealed.
      decipher.final();
      this.#remember(place, { text, sealed });
      return text;
    } catch {
      return undefined;
    }
  }

  #remember(place: string, texts: Remembered): void {
    if (this.#known.size >= maxPlaces) this.#known.clear();
    const others = this.#known.get(place) ?? [];
    this.#known.set(place, [texts, ...others.slice(0, maxTexts - 1)]);
  }
}

/** Whether a text looks like one that is sealed. */
export function isSealedText(text: string): boolean {
  return text.startsWith(format);
}

/**
 * Reads and changes executables of Windows, as far as `npm run bundle` needs it.
 *
 * Format: https://learn.microsoft.com/windows/win32/debug/pe-format
 */

/** The type of a resource that holds plain bytes. */
const rawData = 10;
/** The places of two entries in the list of data directories. */
const resourceDirectory = 2;
const certificateDirectory = 4;

interface Headers {
  /** The `Machine` of the COFF header. */
  readonly machine: number;
  readonly checksumAt: number;
  /** Where the entry of a data directory is: an address and a size, 4 bytes each. */
  readonly directoryAt: (index: number) => number;
  readonly sections: readonly { readonly address: number; readonly size: number; readonly fileOffset: number }[];
}

/** @throws Error if this is not a 64-bit executable of Windows. */
export function readHeaders(file: Buffer): Headers {
  const start = file.length > 64 && file.toString('latin1', 0, 2) === 'MZ' ? file.readUInt32LE(60) : 0;
  if (start === 0 || file.toString('latin1', start, start + 4) !== 'PE\0\0') throw new Error('This is not an executable of Windows.');
  const optional = start + 24;
  if (file.readUInt16LE(optional) !== 0x20b) throw new Error('This is not a 64-bit executable of Windows.');
  const sectionsAt = optional + file.readUInt16LE(start + 20);
  return {
    machine: file.readUInt16LE(start + 4),
    checksumAt: optional + 64,
    directoryAt: (index) => optional + 112 + index * 8,
    sections: Array.from({ length: file.readUInt16LE(start + 6) }, (_, index) => {
      const at = sectionsAt + index * 40;
      return { size: file.readUInt32LE(at + 8), address: file.readUInt32LE(at + 12), fileOffset: file.readUInt32LE(at + 20) };
    }),
  };
}

/**
 * Removes the signature. It is of the file before the program is put in, so Windows would say that somebody has changed the
 * file. `signtool remove /s` does the same, on Windows only.
 *
 * @throws Error if something follows the signature, which would be lost.
 */
export function removeSignature(file: Buffer): Buffer {
  const at = readHeaders(file).directoryAt(certificateDirectory);
  // The only directory whose address is an offset in the file.
  const [offset, size] = [file.readUInt32LE(at), file.readUInt32LE(at + 4)];
  if (size === 0) return file;
  if (offset + size !== file.length) throw new Error('The signature is not at the end of the file.');
  const unsigned = Buffer.from(file.subarray(0, offset));
  unsigned.fill(0, at, at + 8);
  return unsigned;
}

/** Writes the checksum of the headers, which covers the whole file. Virus scanners notice a wrong one. */
export function writeChecksum(file: Buffer): void {
  const { checksumAt } = readHeaders(file);
  file.writeUInt32LE(0, checksumAt);
  let sum = 0;
  for (let at = 0; at < file.length; at += 2) {
    sum += at + 1 < file.length ? file.readUInt16LE(at) : file.readUInt8(at);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  file.writeUInt32LE(sum + file.length, checksumAt);
}

/** Finds the content of the resource with plain bytes that has this name, in any language. */
export function findResource(file: Buffer, name: string): Buffer | undefined {
  const { directoryAt, sections } = readHeaders(file);
  const address = file.readUInt32LE(directoryAt(resourceDirectory));
  const toOffset = (place: number) => {
    const section = sections.find((one) => place >= one.address && place < one.address + one.size);
    return section && section.fileOffset + place - section.address;
  };
  const root = toOffset(address);
  if (address === 0 || root === undefined) return undefined;
  /** Returns what the entry with this identifier leads to. Offsets of the tree start at its root. */
  const enter = (directory: number | undefined, identifier: number | string | undefined) => {
    if (directory === undefined) return undefined;
    const entries = file.readUInt16LE(directory + 12) + file.readUInt16LE(directory + 14);
    for (let at = directory + 16; at < directory + 16 + entries * 8; at += 8) {
      const [key, value] = [file.readUInt32LE(at), file.readUInt32LE(at + 4) & 0x7fffffff];
      if (identifier === undefined || identifier === (key & 0x80000000 ? readName(root + (key & 0x7fffffff)) : key)) return root + value;
    }
    return undefined;
  };
  const readName = (at: number) => file.toString('utf16le', at + 2, at + 2 + file.readUInt16LE(at) * 2);
  const entry = enter(enter(enter(root, rawData), name), undefined);
  const content = entry === undefined ? undefined : toOffset(file.readUInt32LE(entry));
  return entry === undefined || content === undefined ? undefined : file.subarray(content, content + file.readUInt32LE(entry + 4));
}

/** A server's name as a part of a file name. Names from other programs may contain any character; Windows allows no `*` in files. */
export function encodeForFileName(name: string, platform: NodeJS.Platform = process.platform): string {
  const encoded = encodeURIComponent(name);
  // Elsewhere, files of an older version have this character in their names.
  return platform === 'win32' ? encoded.replaceAll('*', '%2A') : encoded;
}

/**
 * Node's cryptography, loaded at its first use: most starts need none, and the bridge starts in 3 % less time. Not by `import()`, because
 * a hash is needed in places that cannot wait.
 */
export function loadCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}

/** Loaded before the program: writes down which files it makes, how, and what their modes are changed to. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const log = process.env.FILE_LOG;
const open = fs.openSync;
const note = (what) => {
  const descriptor = open(log, 'a', 0o600);
  fs.writeSync(descriptor, `${JSON.stringify(what)}\n`);
  fs.closeSync(descriptor);
};
/** Flags that make a file, as text or as bits. */
const creates = (flags) => (typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[wa]/.test(flags ?? 'r'));

function wrap(object, name, describe) {
  const original = object[name];
  object[name] = function (...words) {
    const what = describe(...words);
    if (what && what.file !== log) note({ call: name, ...what });
    return original.apply(this, words);
  };
}
const opened = (file, flags, mode = 0o666) => creates(flags) && { file: String(file), mode: Number(mode) & 0o777 };
const written = (file, _, options) => {
  const { flag = 'w', mode = 0o666 } = typeof options === 'object' && options !== null ? options : {};
  return typeof file === 'number' || typeof file === 'object' ? false : creates(flag) && { file: String(file), mode };
};
/** One that is there already is not made. */
const made = (file, options) =>
  !fs.existsSync(file) && {
    file: String(file),
    mode: (typeof options === 'object' ? options?.mode : options) ?? 0o777,
    folder: true,
  };
const changed = (file, mode) => ({ file: String(file), mode: mode & 0o777 });

for (const name of ['openSync', 'open']) wrap(fs, name, opened);
wrap(fs.promises, 'open', opened);
for (const name of ['writeFileSync', 'writeFile']) wrap(fs, name, written);
wrap(fs.promises, 'writeFile', written);
for (const name of ['mkdirSync', 'mkdir']) wrap(fs, name, made);
wrap(fs.promises, 'mkdir', made);
for (const name of ['chmodSync', 'chmod', 'fchmodSync', 'fchmod', 'lchmodSync']) if (fs[name]) wrap(fs, name, changed);
wrap(fs.promises, 'chmod', changed);
syncBuiltinESMExports();

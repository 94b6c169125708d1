/** The Debian packages that an executable needs: those of its libraries, in the versions that it was linked with. */
import { execFileSync } from 'node:child_process';

interface LibraryPackage {
  readonly name: string;
  readonly libraries: RegExp;
  /** The names of its symbol versions, and the version of the package that has them first. Undefined if it is not known. */
  readonly symbols: RegExp;
  readonly versionOf: (symbol: string) => string | undefined;
}

/** The releases of GCC that brought a version of the ABI of libstdc++: https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html */
const gccOf: Readonly<Record<string, string | undefined>> = {
  'GLIBCXX_3.4.21': '5',
  'GLIBCXX_3.4.22': '6',
  'GLIBCXX_3.4.24': '7',
  'GLIBCXX_3.4.25': '8',
  'GLIBCXX_3.4.26': '9',
  'GLIBCXX_3.4.29': '11',
  'GLIBCXX_3.4.30': '12',
  'CXXABI_1.3.9': '5',
  'CXXABI_1.3.10': '6',
  'CXXABI_1.3.11': '7',
  'CXXABI_1.3.13': '11',
};

const packages: readonly LibraryPackage[] = [
  {
    name: 'libc6',
    libraries: /^(lib(c|dl|m|pthread|rt)\.so\.\d|ld-linux)/,
    symbols: /^GLIBC_(\d[\d.]*)$/,
    versionOf: (symbol) => symbol.slice('GLIBC_'.length),
  },
  {
    name: 'libstdc++6',
    libraries: /^libstdc\+\+\.so\.6$/,
    symbols: /^(GLIBCXX|CXXABI)_/,
    // Any release of Debian that is still supported has what is older than GCC 5.
    versionOf: (symbol) => (isOlder(symbol, { GLIBCXX: '3.4.21', CXXABI: '1.3.9' }) ? '5' : gccOf[symbol]),
  },
  {
    name: 'libgcc-s1',
    libraries: /^libgcc_s\.so\.1$/,
    symbols: /^GCC_(\d[\d.]*)$/,
    versionOf: (symbol) => symbol.slice('GCC_'.length),
  },
  { name: 'libatomic1', libraries: /^libatomic\.so\.1$/, symbols: /^LIBATOMIC_/, versionOf: () => '5' },
];

const byNumber = new Intl.Collator('en', { numeric: true });

function isOlder(symbol: string, first: Readonly<Record<string, string>>): boolean {
  const [name = '', version = ''] = symbol.split('_');
  return byNumber.compare(version, first[name] ?? '') < 0;
}

/**
 * Lists the requirements of an executable for Linux in the words of `Depends`. `dpkg-shlibdeps` needs the libraries
 * themselves, which a machine does not have for another architecture.
 *
 * @throws Error if it needs a library or a version that is not known here.
 */
export function requirementsOf(executable: string): string[] {
  const words = ['--wide', '--dynamic', '--version-info', executable];
  const printed = execFileSync('readelf', words, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 2] });
  const libraries = [...printed.matchAll(/\(NEEDED\)\s+Shared library: \[(.*)\]/g)].map(([, name = '']) => name);
  const unknown = libraries.filter((library) => !packages.some((one) => one.libraries.test(library)));
  if (unknown.length > 0) throw new Error(`scripts/assets/elf.ts does not know which Debian package has ${unknown.join(', ')}.`);
  const symbols = [...printed.matchAll(/Name: (\w+_[\d.]+)\s+Flags/g)].map(([, name = '']) => name);
  return packages
    .filter((one) => libraries.some((library) => one.libraries.test(library)))
    .map(({ name, symbols: own, versionOf }) => {
      const versions = symbols
        .filter((symbol) => own.test(symbol))
        .map((symbol) => {
          const version = versionOf(symbol);
          if (version === undefined) throw new Error(`scripts/assets/elf.ts does not know which version of ${name} has ${symbol}.`);
          return version;
        });
      const newest = versions.sort((one, other) => byNumber.compare(one, other)).at(-1);
      return newest === undefined ? name : `${name} (>= ${newest})`;
    });
}

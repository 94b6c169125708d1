/**
 * Who may use a file on Windows, by its security descriptor in text form (SDDL).
 * https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format
 */

/** The users and groups that Windows writes as two letters. */
const names: Readonly<Record<string, string>> = {
  WD: 'Everyone',
  AU: 'Authenticated Users',
  BU: 'Users',
  BG: 'Guests',
  AN: 'Anonymous',
  IU: 'Interactive users',
  NU: 'Network users',
  PU: 'Power Users',
};

/** The system, administrators, who may read everything, and the owner of the file. */
const expected = ['SY', 'S-1-5-18', 'BA', 'S-1-5-32-544', 'OW', 'S-1-3-4'];

/** Rights to read, to change, or to give oneself such rights: of files, of objects, and of all kinds. */
const usefulRights = ['FA', 'FR', 'FW', 'CC', 'DC', 'LC', 'SD', 'WD', 'WO', 'GA', 'GR', 'GW'];
/** FILE_READ_DATA, FILE_WRITE_DATA, FILE_APPEND_DATA, DELETE, WRITE_DAC, WRITE_OWNER, GENERIC_ALL, GENERIC_WRITE, GENERIC_READ. */
const usefulBits = [0x1, 0x2, 0x4, 0x10000, 0x40000, 0x80000, 0x10000000, 0x40000000, 0x80000000];

/**
 * The users and groups, other than this user, the system and administrators, who may read or change the file. Rules that deny are not
 * counted: they may be undone by another group.
 *
 * @param descriptor as `O:…G:…D:…`.
 * @param user is the SID of this user.
 * @returns undefined if the text is no such descriptor.
 */
export function listOtherUsers(descriptor: string, user: string): string[] | undefined {
  const [, owner, list] = /^O:([\w-]+?)(?:G:[\w-]+?)?(?:D:(.*)|S:.*)?$/s.exec(descriptor.trim()) ?? [];
  if (owner === undefined) return undefined;
  // Without a list, everyone may do everything.
  if (list === undefined || list.includes('NO_ACCESS_CONTROL')) return [names['WD'] ?? 'WD'];
  const known = [...expected, user];
  const allowed = [...list.matchAll(/\((X?A);([A-Z]*);([^;()]*);[^;()]*;[^;()]*;([\w-]+)/g)]
    // Inherit only: for files in a folder.
    .filter(([, , flags = '', rights = '']) => !splitPairs(flags).includes('IO') && isUseful(rights))
    .map(([, , , , sid = '']) => sid);
  const others = [owner, ...allowed].filter((sid) => !known.includes(sid));
  return [...new Set(others)].map((sid) => names[sid] ?? sid);
}

function isUseful(rights: string): boolean {
  if (!/^0x/i.test(rights)) return splitPairs(rights).some((one) => usefulRights.includes(one));
  const mask = BigInt(rights);
  return usefulBits.some((bit) => (mask & BigInt(bit)) !== 0n);
}

function splitPairs(text: string): string[] {
  return text.match(/../g) ?? [];
}

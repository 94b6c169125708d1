/** Looking for many secrets in one text at once: with a thousand of them, one after the other is seconds for a table. */
import type { Letters } from './letters.js';

/** What is told in the place of a form that was found. */
interface Form {
  readonly form: string;
  readonly replacement: string;
}

/** A part of the text that is a secret's. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** What is looked for, in letters alone and to the letter. */
export interface SearchTerms {
  readonly forms: readonly string[];
  readonly exact: readonly string[];
  readonly replacement: string;
}

export interface Search {
  /** What has to be found to the letter. */
  readonly exact: readonly Form[];
  /** Where the letters of a text have those of a form, and where the text was cut within them. */
  findMatches(letters: Letters, cuts: readonly number[]): Match[];
}

/** Letters of a secret that may be left of it where a text was cut; by so many of its first ones a form is looked up. */
const shortestRest = 4;

export function createSearch(all: readonly SearchTerms[]): Search {
  const byBeginning = new Map<string, Form[]>();
  let longest = 0;
  for (const { forms, replacement: replacement } of all) {
    for (const form of forms) {
      const beginning = form.slice(0, shortestRest);
      const same = byBeginning.get(beginning);
      if (same === undefined) byBeginning.set(beginning, [{ form, replacement }]);
      else same.push({ form, replacement });
      longest = Math.max(longest, form.length);
    }
  }
  const formsAt = (text: string, at: number) => byBeginning.get(text.slice(at, at + shortestRest)) ?? [];

  const whole = ({ text }: Letters, take: (from: number, to: number, form: Form) => void) => {
    /** Where each form may be found next: beside where it was, not within. */
    const next = new Map<Form, number>();
    for (let at = 0; at <= text.length - shortestRest; at += 1) {
      for (const one of formsAt(text, at)) {
        if (at < (next.get(one) ?? 0) || !text.startsWith(one.form, at)) continue;
        take(at, at + one.form.length, one);
        next.set(one, at + one.form.length);
      }
    }
  };
  /** Of each form, the longest beginning that ends at the cut. */
  const cutOff = ({ text }: Letters, before: number, take: (from: number, to: number, form: Form) => void) => {
    const taken = new Set<Form>();
    for (let at = Math.max(0, before - longest + 1); at <= before - shortestRest; at += 1) {
      for (const one of formsAt(text, at)) {
        const length = before - at;
        if (one.form.length <= length || taken.has(one) || !text.startsWith(one.form.slice(0, length), at)) continue;
        take(at, before, one);
        taken.add(one);
      }
    }
  };

  return {
    exact: all.flatMap(({ exact, replacement: replacement }) => exact.map((form) => ({ form, replacement }))),
    findMatches: (letters, cuts) => {
      const found: Match[] = [];
      if (byBeginning.size === 0) return found;
      const { starts, ends } = letters;
      const take = (from: number, to: number, { replacement }: Form) =>
        void found.push({ start: starts[from] ?? 0, end: ends[to - 1] ?? 0, replacement: replacement });
      whole(letters, take);
      for (const cut of cuts) cutOff(letters, countBefore(cut, ends), take);
      return found;
    },
  };
}

/** How many letters end at or before a place in the text. */
function countBefore(place: number, ends: readonly number[]): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Searches for many secrets in a text at once: one after the other, a thousand secrets take seconds for one table. */
import type { Letters } from './letters.js';

/** What to search for, and what to put in its place. */
export interface SearchTerms {
  /** Letters and digits only; see letters.ts. */
  readonly forms: readonly string[];
  /** Texts to be found exactly as they are. */
  readonly exact: readonly string[];
  readonly replacement: string;
}

interface Form {
  readonly form: string;
  readonly replacement: string;
}

/** A part of the text to be replaced. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

type Report = (from: number, to: number, form: Form) => void;

/** Letters of a form that have to be left before a cut for it to be found. Forms are indexed by as many first letters. */
const minBeginning = 4;

export class Search {
  /** Texts to be found exactly as they are. */
  readonly exact: readonly Form[];
  readonly #byBeginning = new Map<string, Form[]>();
  #maxFormLength = 0;

  constructor(terms: readonly SearchTerms[]) {
    this.exact = terms.flatMap(({ exact, replacement }) => exact.map((form) => ({ form, replacement })));
    for (const { forms, replacement } of terms) for (const form of forms) this.#add({ form, replacement });
  }

  #add(form: Form): void {
    const beginning = form.form.slice(0, minBeginning);
    const others = this.#byBeginning.get(beginning);
    if (others === undefined) this.#byBeginning.set(beginning, [form]);
    else others.push(form);
    this.#maxFormLength = Math.max(this.#maxFormLength, form.form.length);
  }

  /** Where the letters of a text contain a form, or the beginning of one at a place where the text was cut. */
  findMatches(letters: Letters, cuts: readonly number[]): Match[] {
    const matches: Match[] = [];
    if (this.#byBeginning.size === 0) return matches;
    const { starts, ends } = letters;
    const report: Report = (from, to, { replacement }) =>
      void matches.push({ start: starts[from] ?? 0, end: ends[to - 1] ?? 0, replacement });
    this.#findWhole(letters, report);
    for (const cut of cuts) this.#findCutOff(letters, countLettersBefore(cut, ends), report);
    return matches;
  }

  #findFormsAt(text: string, at: number): readonly Form[] {
    return this.#byBeginning.get(text.slice(at, at + minBeginning)) ?? [];
  }

  #findWhole({ text }: Letters, report: Report): void {
    /** Where each form may be found next, so that its matches do not overlap. */
    const next = new Map<Form, number>();
    for (let at = 0; at <= text.length - minBeginning; at += 1) {
      for (const form of this.#findFormsAt(text, at)) {
        if (at < (next.get(form) ?? 0) || !text.startsWith(form.form, at)) continue;
        const end = at + form.form.length;
        report(at, end, form);
        next.set(form, end);
      }
    }
  }

  /** Finds the longest beginning of each form that ends at the cut. */
  #findCutOff({ text }: Letters, cut: number, report: Report): void {
    const found = new Set<Form>();
    for (let at = Math.max(0, cut - this.#maxFormLength + 1); at <= cut - minBeginning; at += 1) {
      for (const form of this.#findFormsAt(text, at)) {
        const length = cut - at;
        if (form.form.length <= length || found.has(form) || !text.startsWith(form.form.slice(0, length), at)) continue;
        report(at, cut, form);
        found.add(form);
      }
    }
  }
}

/** How many letters end at or before a place in the text, by binary search. */
function countLettersBefore(place: number, ends: readonly number[]): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

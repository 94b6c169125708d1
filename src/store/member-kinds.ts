/** The types that members of the store's file can have. Other programs edit the file: a member of another type counts as absent. */
import type { Network } from '../effects.js';
import { networks } from '../http/allowed-network.js';
import type { DpopKey } from '../oauth/client-information.js';
import { isObject } from '../text/json.js';

/** Each kind, and the type that it has in TypeScript. */
export interface MemberTypes {
  /** Not empty. */
  string: string;
  /** Finite; as seconds since the epoch, a time that a Date can hold. */
  number: number;
  boolean: boolean;
  network: Network;
  key: DpopKey;
  /** Strings by name. */
  strings: Record<string, string>;
  list: string[];
}

export type MemberKind = keyof MemberTypes;

/** Seconds since the epoch that a Date can hold: ECMA-262 section 21.4.1.1. */
const maxSeconds = 8_640_000_000_000;

const checks: Readonly<Record<MemberKind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string' && value !== '',
  number: (value) => Number.isFinite(value) && Math.abs(Number(value)) <= maxSeconds,
  boolean: (value) => typeof value === 'boolean',
  network: (value) => networks.some((one) => one === value),
  key: isObject,
  strings: (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'string'),
  list: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
};

/** Whether a value is of that kind. */
export function isOfKind<K extends MemberKind>(value: unknown, kind: K): value is MemberTypes[K] {
  return checks[kind](value);
}

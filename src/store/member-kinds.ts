/** What a member of the file is, whatever another program has made of it. */
import { networks } from '../http/allowed-network.js';
import { isObject } from '../text/json.js';

export type MemberKind = 'string' | 'number' | 'boolean' | 'object' | 'list' | 'texts' | 'network';

/** Seconds since the epoch that a Date can hold: ECMA-262 section 21.4.1.1. */
const latestTime = 8_640_000_000_000;

/** Whether a value is of that kind: no empty string, no time that a Date cannot hold, a list of strings, strings by name (`texts`). */
export function isOfKind(value: unknown, kind: MemberKind): boolean {
  if (kind === 'object') return isObject(value);
  if (kind === 'boolean') return typeof value === 'boolean';
  if (kind === 'texts') return isObject(value) && Object.values(value).every((one) => typeof one === 'string');
  if (kind === 'network') return networks.some((one) => one === value);
  if (kind === 'list') return Array.isArray(value) && value.every((one) => typeof one === 'string');
  return kind === 'number' ? Number.isFinite(value) && Math.abs(Number(value)) <= latestTime : typeof value === 'string' && value !== '';
}

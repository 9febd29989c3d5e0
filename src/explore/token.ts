/**
 * Tokens: a schedule with its scenario and patches as one short printable string.
 *
 *     sl1.kill-vs-exec@3+no-kill-retry.DhUiITQ
 *
 * `sl1` is the format, `@3` the number of CPUs, `+…` the patches, and the rest, in base64url, the schedule and a
 * checksum over everything before it. Of the schedule only what the default rule would not have chosen is written:
 * for each such decision one number, `decisions skipped × (CPUs + 1) + choice`, seven bits to a byte, the lowest first.
 * A choice is a CPU, or, one above the last of them, the clock. Where decisions are made by turns from some point on, that is
 * the last: `decisions skipped × 4 + (decisions to a turn − 1)`, with one more byte than it needs.
 */

import { MAX_CPUS } from '../machine/movers.js';
import { BY_DEFAULT, inTurn, LONGEST_TURN, turnOf } from '../machine/schedule.js';

/** The format's number. A change of what the same bytes mean is a new one. */
export const TOKEN_VERSION = 1;

const PREFIX = 'sl';
/** A schedule of more decisions is not believed. */
const MAX_DECISIONS = 1 << 20;

/**
 * A string is no token, or not one for this.
 *
 * @example
 * try {
 *   decodeToken('sl1.kill-vs-exec@3.AAAA');
 * } catch (error) {
 *   if (error instanceof TokenError) console.log(error.message); // this token is damaged: …
 * }
 */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** What a token says: which model, and who moves. */
export interface TokenContents {
  readonly scenario: string;
  readonly patches: readonly string[];
  readonly cpus: number;
  readonly schedule: Uint8Array;
}

/** What a caller requires of a token. */
export interface TokenExpectation {
  readonly scenario?: string;
  readonly patches?: readonly string[];
}

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

function checksum(text: string, bytes: readonly number[]): number {
  // CRC-16/CCITT
  let crc = 0xffff;
  const feed = (byte: number): void => {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  };
  for (const byte of new TextEncoder().encode(text)) feed(byte);
  for (const byte of bytes) feed(byte);
  return crc;
}

function headOf({ scenario, cpus, patches }: Omit<TokenContents, 'schedule'>): string {
  return [`${scenario}@${cpus}`, ...patches].join('+');
}

/**
 * Writes a token.
 *
 * @param contents the scenario or model, its patches, its CPUs, and who moves at each decision
 * @throws TokenError for names or numbers that a token cannot hold
 * @example
 * const schedule = Uint8Array.of(2, 2, 0);
 * const text = encodeToken({ scenario: 'kill-vs-exec', patches: ['no-kill-retry'], cpus: 3, schedule });
 * text.startsWith('sl1.kill-vs-exec@3+no-kill-retry.'); // true
 */
export function encodeToken(contents: TokenContents): string {
  const { scenario, patches, cpus, schedule } = contents;
  for (const name of [scenario, ...patches]) {
    if (!NAME.test(name))
      throw new TokenError(`a token cannot hold the name "${name}": letters, digits and hyphens only`);
  }
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > MAX_CPUS) {
    throw new TokenError(`a token cannot hold ${cpus} CPUs: 1 to ${MAX_CPUS}`);
  }
  const bytes: number[] = [];
  let skipped = 0;
  for (const choice of schedule) {
    const turn = turnOf(choice);
    if (turn > 0) {
      // A number with a last byte that it does not need.
      for (let number = skipped * LONGEST_TURN + turn - 1; ; number = Math.floor(number / 0x80)) {
        bytes.push(0x80 | (number & 0x7f));
        if (number < 0x80) break;
      }
      bytes.push(0);
      continue;
    }
    if (choice === BY_DEFAULT) {
      skipped++;
      continue;
    }
    if (choice > cpus) throw new TokenError(`a schedule for ${cpus} CPUs cannot name CPU ${choice}`);
    let number = skipped * (cpus + 1) + choice;
    for (; number >= 0x80; number = Math.floor(number / 0x80)) bytes.push(0x80 | (number & 0x7f));
    bytes.push(number);
    skipped = 0;
  }
  const head = headOf(contents);
  const crc = checksum(head, bytes);
  const body = Buffer.from([...bytes, crc >> 8, crc & 0xff]).toString('base64url');
  return `${PREFIX}${TOKEN_VERSION}.${head}.${body}`;
}

/**
 * Reads a token.
 *
 * @param token the string
 * @param expected what it must be for
 * @throws TokenError with a sentence that says what is wrong with it
 * @example
 * const { scenario, patches, cpus, schedule } = decodeToken('sl1.kill-vs-exec@3+no-kill-retry.DhUiITQ');
 * const { violation } = replay(new ControlledMachine(modelOf({ scenario, patches, cpus })), schedule);
 * violation?.kind; // 'invariant'
 */
export function decodeToken(token: string, expected: TokenExpectation = {}): TokenContents {
  const [format = '', head = '', body = '', ...rest] = token.trim().split('.');
  const version = /^sl(\d+)$/.exec(format)?.[1];
  if (version === undefined) {
    throw new TokenError(`"${shorten(token)}" is not a token: a token begins with ${PREFIX}${TOKEN_VERSION}.`);
  }
  if (Number(version) !== TOKEN_VERSION) {
    throw new TokenError(
      `this token has format ${version}, and this version of siglab reads format ${TOKEN_VERSION}: explore again to get a new one`,
    );
  }
  if (rest.length > 0 || body === '') {
    throw new TokenError(`"${shorten(token)}" is not a whole token: it has three parts between its dots`);
  }
  const [place = '', ...patches] = head.split('+');
  const [, scenario, digits] = /^([a-z0-9-]+)@(\d{1,3})$/.exec(place) ?? [];
  if (scenario === undefined || digits === undefined || ![scenario, ...patches].every((name) => NAME.test(name))) {
    throw new TokenError(`"${shorten(token)}" is not a token: "${head}" is not scenario@cpus+patch`);
  }
  const cpus = Number(digits);
  if (cpus < 1 || cpus > MAX_CPUS)
    throw new TokenError(`this token is for ${cpus} CPUs: 1 to ${MAX_CPUS} are possible`);
  const bytes = [...Buffer.from(body, 'base64url')];
  const canonical = Buffer.from(bytes).toString('base64url') === body;
  const low = bytes.pop();
  const high = bytes.pop();
  if (!canonical || low === undefined || high === undefined || checksum(head, bytes) !== ((high << 8) | low)) {
    throw new TokenError('this token is damaged: its checksum does not fit. Was it copied whole?');
  }
  if (expected.scenario !== undefined && expected.scenario !== scenario) {
    throw new TokenError(`this token is for scenario ${scenario}, not for ${expected.scenario}`);
  }
  if (expected.patches !== undefined && expected.patches.join('+') !== patches.join('+')) {
    const name = (list: readonly string[]): string => (list.length === 0 ? 'no patch' : list.join(' and '));
    throw new TokenError(`this token is for ${scenario} with ${name(patches)}, not with ${name(expected.patches)}`);
  }
  return { scenario, patches, cpus, schedule: readSchedule(bytes, cpus) };
}

function readSchedule(bytes: readonly number[], cpus: number): Uint8Array {
  const schedule: number[] = [];
  let number = 0;
  let scale = 1;
  for (const byte of bytes) {
    number += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte >= 0x80) continue;
    const isInTurn = byte === 0 && scale > 0x80;
    const skipped = Math.floor(number / (isInTurn ? LONGEST_TURN : cpus + 1));
    if (schedule.length + skipped >= MAX_DECISIONS)
      throw new TokenError('this token is damaged: its schedule has no end');
    for (let at = 0; at < skipped; at++) schedule.push(BY_DEFAULT);
    schedule.push(isInTurn ? inTurn((number % LONGEST_TURN) + 1) : number % (cpus + 1));
    number = 0;
    scale = 1;
  }
  if (scale !== 1) throw new TokenError('this token is damaged: its last number is cut off');
  return Uint8Array.from(schedule);
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/** What an exported object is, and what it lacks: for files whose types nobody has checked. */

import { closest } from 'fastest-levenshtein';
import { KERNEL_FUNCTIONS } from '../kernel/kernel.js';
import { SUBJECTS } from '../kernel/scenario.js';

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/** Whether something means to be a scenario. */
export function isScenario(value: unknown): boolean {
  const fields = fieldsOf(value);
  return fields !== null && ('programs' in fields || 'setup' in fields);
}

/** Whether something is a model: `defineModel` makes one. */
export function isModel(value: unknown): boolean {
  const fields = fieldsOf(value);
  return fields !== null && 'arena' in fields && 'begin' in fields;
}

/** Whether something means to be a patch. */
export function isPatch(value: unknown): boolean {
  const fields = fieldsOf(value);
  return fields !== null && 'functions' in fields && !isModel(value);
}

type Kind = 'text' | 'texts' | 'list' | 'function' | 'functions';

const IS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string' && value !== '',
  texts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  list: (value) => Array.isArray(value),
  function: (value) => typeof value === 'function',
  functions: (value) => {
    const fields = fieldsOf(value);
    return fields !== null && Object.values(fields).every((one) => typeof one === 'function');
  },
};
const WORDS: Readonly<Record<Kind, string>> = {
  text: 'a text',
  texts: 'a list of texts',
  list: 'a list',
  function: 'a function',
  functions: 'an object of functions',
};

const SCENARIO: Readonly<Record<string, Kind>> = {
  title: 'text',
  story: 'text',
  cast: 'texts',
  claim: 'text',
  watch: 'texts',
  patches: 'list',
  learn: 'text',
  programs: 'functions',
  results: 'texts',
  setup: 'function',
  outcome: 'function',
};
const SCENARIO_OPTIONAL: Readonly<Record<string, Kind>> = { handlers: 'functions', unfinished: 'function' };
const PATCH: Readonly<Record<string, Kind>> = { title: 'text', story: 'text', functions: 'functions' };

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MAX_CPUS = 31;

function wrongName(what: string, { name }: Fields): string | null {
  if (typeof name !== 'string') return `this ${what} has no name`;
  return NAME.test(name)
    ? null
    : `"${name}" cannot name a ${what}: small letters, digits and single hyphens between them`;
}

function wrongFields(what: string, fields: Fields, kinds: Readonly<Record<string, Kind>>): string | null {
  for (const [field, kind] of Object.entries(kinds)) {
    if (IS[kind](fields[field])) continue;
    const found = fields[field] === undefined ? 'is missing' : 'is something else';
    return `${what} ${String(fields.name)}: "${field}" should be ${WORDS[kind]}, and ${found}`;
  }
  return null;
}

/** What is wrong with a scenario, or null. */
export function wrongScenario(value: object): string | null {
  const fields = value as Fields;
  const given = Object.keys(SCENARIO_OPTIONAL).filter((field) => fields[field] !== undefined);
  const optional = Object.fromEntries(given.map((field) => [field, SCENARIO_OPTIONAL[field] as Kind]));
  const wrong = wrongName('scenario', fields) ?? wrongFields('scenario', fields, { ...SCENARIO, ...optional });
  if (wrong !== null) return wrong;
  const { name, cpus, subject } = fields;
  if (!Number.isInteger(cpus) || (cpus as number) < 1 || (cpus as number) > MAX_CPUS) {
    return `scenario ${String(name)}: "cpus" should be a whole number from 1 to ${MAX_CPUS}, and is ${String(cpus)}`;
  }
  if (!SUBJECTS.some((known) => known === subject)) {
    return `scenario ${String(name)}: "subject" should be one of ${SUBJECTS.join(', ')}, and is ${String(subject)}`;
  }
  return null;
}

/** What is wrong with a patch, or null. */
export function wrongPatch(value: object): string | null {
  const fields = value as Fields;
  const wrong = wrongName('patch', fields) ?? wrongFields('patch', fields, PATCH);
  if (wrong !== null) return wrong;
  const known = new Set(KERNEL_FUNCTIONS.flatMap((functions) => Object.keys(functions)));
  const unknown = Object.keys(fields.functions as object).find((name) => !known.has(name));
  if (unknown === undefined) return null;
  return `patch ${String(fields.name)} replaces ${unknown}, which this kernel has not; did you mean ${closest(unknown, [...known])}?`;
}

/** What is wrong with a model, or null. Most of it `defineModel` has looked at. */
export function wrongModel(value: object): string | null {
  return wrongName('model', value as Fields);
}

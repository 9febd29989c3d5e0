/** Results as JUnit XML, for other people's continuous integration. */

import { create } from 'xmlbuilder2';
import { writeTo } from './context.js';

export interface TestCase {
  /** The scenario. */
  readonly suite: string;
  /** With which patches. */
  readonly name: string;
  readonly seconds: number;
  /** What is wrong, with the report; null if nothing is. */
  readonly failure: { readonly kind: string; readonly message: string; readonly text: string } | null;
  /** What was covered. */
  readonly output: string;
}

/** The XML of test cases, a suite for each scenario. */
export function junitXml(cases: readonly TestCase[]): string {
  const failed = (some: readonly TestCase[]): number => some.filter(({ failure }) => failure !== null).length;
  const time = (some: readonly TestCase[]): string => some.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3);
  const root = create({ version: '1.0', encoding: 'UTF-8' }).ele('testsuites', {
    name: 'siglab',
    tests: cases.length,
    failures: failed(cases),
    errors: 0,
    time: time(cases),
  });
  for (const suite of new Set(cases.map((one) => one.suite))) {
    const own = cases.filter((one) => one.suite === suite);
    const suiteElement = root.ele('testsuite', {
      name: suite,
      tests: own.length,
      failures: failed(own),
      errors: 0,
      skipped: 0,
      time: time(own),
    });
    for (const { name, seconds, failure, output } of own) {
      const element = suiteElement.ele('testcase', { classname: suite, name, time: seconds.toFixed(3) });
      if (failure !== null) element.ele('failure', { type: failure.kind, message: failure.message }).txt(failure.text);
      element.ele('system-out').txt(output);
    }
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

/** Writes them to a file. @throws UsageError where it cannot be written */
export function writeJunit(file: string, cases: readonly TestCase[]): void {
  writeTo('--junit', file, junitXml(cases));
}

import { describe, expect, it } from 'vitest';
import { allowedOutcomes } from '../../src/litmus/outcomes.js';
import { parseLitmus } from '../../src/litmus/parse.js';
import { valueText } from '../../src/litmus/words.js';

function textsOf(body: string): readonly string[] {
  const allowed = allowedOutcomes(parseLitmus(`litmus t question "q" from kill(2)\n${body}`));
  expect(allowed.holds).toBe(true);
  return allowed.outcomes.map(({ text }) => text);
}

describe('how values read', () => {
  it('shows no number of a descriptor, and the error where there is none', () => {
    const body = 'process A { f = pidfd_open(A); g = signalfd({SIGUSR1}); c = close(f); e = pidfd_open(12345); }';
    const texts = textsOf(`${body} forall A:f == descriptor && A:g != unset && A:c == 0 && A:e == -ESRCH`);
    expect(texts).toEqual(['A:f=descriptor A:g=descriptor A:c=0 A:e=-ESRCH']);
  });

  it('has numbers of registers that hold a descriptor and something else', () => {
    expect(textsOf('process A { f = pidfd_open(A); f = getuid(); } forall A:f == 1000')).toEqual(['A:f=1000']);
  });

  it('calls the first process of a container init, as its children see it', () => {
    const texts = textsOf('process I container { } process B of I { p = getppid(); } forall B:p == 1 && B:p == init');
    expect(texts).toEqual(['B:p=init']);
    expect(valueText('pid', 1, () => null)).toBe('init');
    expect(valueText('pid', 2, () => null)).toBe('unknown');
  });
});

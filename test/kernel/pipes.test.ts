/** Pipes: what is written is what is read, whoever reads and writes. */

import { describe, expect, test } from 'vitest';
import {
  EAGAIN,
  EFAULT,
  EPIPE,
  F_SETFL,
  O_DIRECT,
  O_NONBLOCK,
  O_WRONLY,
  PIPE_BUF,
  SIG_IGN,
  SIGKILL,
  SIGPIPE,
} from '../../src/kernel/constants.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { CAPACITY, letters, pipeOf } from '../support/pipes.js';
import { alone, outcomesOf, type Parts } from '../support/programs.js';
import { until } from '../support/tasks.js';

/** Reads until the end, and gives everything as a string. */
function* readAll(sys: Sys, fd: number, size = 16): Coroutine<string> {
  const buf = new Uint8Array(size);
  let all = '';
  for (;;) {
    const count = yield* sys.read(fd, buf);
    sys.check(count >= 0, `read gave ${count}`);
    if (count === 0) return all;
    all += String.fromCharCode(...buf.subarray(0, count));
  }
}

describe('a pipe', () => {
  test('gives the bytes back in order, in pieces as they are asked for, and 0 at the end', () => {
    const parts = alone(['fds', 'wrote', 'some', 'rest', 'eof', 'empty', 'emptyWrite'], function* (sys) {
      const fds = [0, 0];
      yield* sys.pipe(fds);
      const [r, w] = fds as [number, number];
      sys.result('fds', r * 10 + w);
      sys.result('wrote', yield* sys.write(w, 'hello'));
      yield* sys.write(w, 'world');
      sys.result('emptyWrite', yield* sys.write(w, ''));
      const buf = new Uint8Array(16);
      sys.result('empty', yield* sys.read(r, buf, 0));
      sys.result('some', yield* sys.read(r, buf, 3));
      sys.check(String.fromCharCode(...buf.subarray(0, 3)) === 'hel', 'the first bytes are others');
      sys.result('rest', yield* sys.read(r, buf));
      sys.check(String.fromCharCode(...buf.subarray(0, 7)) === 'loworld', 'the rest is other bytes');
      yield* sys.close(w);
      sys.result('eof', yield* sys.read(r, buf));
    });
    expect(outcomesOf(parts, 3)).toEqual(['fds=1 wrote=5 some=3 rest=7 eof=0 empty=0 emptyWrite=0']);
  });

  test('carries more than it holds, whatever the sizes', () => {
    for (const size of [1, 7, PIPE_BUF, CAPACITY * 2]) {
      const text = letters(CAPACITY * 2 + 5);
      const parts = alone(
        ['wrote', 'same'],
        function* (sys) {
          const [r, w] = yield* pipeOf(sys);
          yield* sys.fork('writer', w, 1);
          yield* sys.close(w);
          sys.result('same', (yield* readAll(sys, r, size)) === text ? 1 : 0);
        },
        {
          programs: {
            *writer(sys) {
              sys.result('wrote', yield* sys.write(sys.arg, text));
            },
          },
        },
      );
      expect(outcomesOf(parts, size === 1 ? 20 : 100)).toEqual([`wrote=${text.length} same=1`]);
    }
  });

  test('takes bytes of any value', () => {
    const parts = alone(['same'], function* (sys) {
      const [r, w] = yield* pipeOf(sys);
      const bytes = Uint8Array.of(0, 255, 128, 127, 1, 254, 200, 3);
      yield* sys.write(w, bytes);
      const buf = new Uint8Array(8);
      yield* sys.read(r, buf);
      sys.result('same', buf.every((byte, at) => byte === bytes[at]) ? 1 : 0);
    });
    expect(outcomesOf(parts, 3)).toEqual(['same=1']);
  });

  test('that is full or empty says EAGAIN to who does not wait, and takes what there is room for', () => {
    const parts = alone(['empty', 'filled', 'full', 'small', 'partial', 'again'], function* (sys) {
      const [r, w] = yield* pipeOf(sys, O_NONBLOCK);
      sys.result('empty', yield* sys.read(r, new Uint8Array(1)));
      sys.result('filled', yield* sys.write(w, letters(CAPACITY + 10)));
      sys.result('full', yield* sys.write(w, 'x'));
      // Room is counted in pages: until one has been read to its end there is none.
      yield* sys.read(r, new Uint8Array(PIPE_BUF - 1));
      sys.result('small', yield* sys.write(w, 'x'));
      yield* sys.read(r, new Uint8Array(1));
      sys.result('partial', yield* sys.write(w, letters(PIPE_BUF + 1)));
      sys.result('again', yield* sys.write(w, 'x'));
    });
    const again = -EAGAIN;
    expect(outcomesOf(parts, 3)).toEqual([
      `empty=${again} filled=${CAPACITY} full=${again} small=${again} partial=${PIPE_BUF} again=${again}`,
    ]);
  });

  test('with O_DIRECT keeps writes apart, and drops what of one is not read', () => {
    const parts = alone(['first', 'second', 'third', 'fourth'], function* (sys) {
      const [r, w] = yield* pipeOf(sys, O_DIRECT);
      yield* sys.write(w, 'abc');
      yield* sys.write(w, 'defg');
      const buf = new Uint8Array(64);
      sys.result('first', yield* sys.read(r, buf));
      sys.result('second', yield* sys.read(r, buf, 2));
      yield* sys.fcntl(w, F_SETFL, O_WRONLY);
      yield* sys.write(w, 'h');
      yield* sys.write(w, 'i');
      sys.result('third', yield* sys.read(r, buf));
      yield* sys.close(w);
      sys.result('fourth', yield* sys.read(r, buf));
    });
    expect(outcomesOf(parts, 3)).toEqual(['first=3 second=2 third=2 fourth=0']);
  });

  test('says EFAULT for memory that is not there', () => {
    const parts = alone(['read', 'write', 'short', 'merge', 'part', 'partRead'], function* (sys) {
      const [r, w] = yield* pipeOf(sys, O_NONBLOCK);
      sys.result('write', yield* sys.write(w, null, 3));
      yield* sys.write(w, 'abc');
      sys.result('read', yield* sys.read(r, null, 3));
      sys.result('short', yield* sys.read(r, new Uint8Array(2), 3));
      sys.result('merge', yield* sys.write(w, 'ab', 3));
      // As far as it goes.
      sys.result('part', yield* sys.write(w, letters(PIPE_BUF), 2 * PIPE_BUF));
      sys.result('partRead', yield* sys.read(r, new Uint8Array(3), 2 * PIPE_BUF));
    });
    const fault = -EFAULT;
    expect(outcomesOf(parts, 3)).toEqual([
      `read=${fault} write=${fault} short=${fault} merge=${fault} part=${PIPE_BUF} partRead=3`,
    ]);
  });

  test('two writers of up to PIPE_BUF bytes each are never mixed', () => {
    const parts: Parts = {
      results: ['order'],
      cpus: 3,
      programs: {
        *main(sys) {
          const [r, w] = yield* pipeOf(sys);
          yield* sys.fork('writer', w * 1000 + 65, 1);
          yield* sys.fork('writer', w * 1000 + 66, 2);
          yield* sys.close(w);
          yield* sys.store(0, 1);
          const text = yield* readAll(sys, r);
          const whole = /^(A{20}|B{20})*$/.test(text) && text.length === 160;
          sys.check(whole, `mixed: ${text}`);
          sys.result('order', text.startsWith('A') ? 1 : 2);
        },
        *writer(sys) {
          const text = String.fromCharCode(sys.arg % 1000).repeat(20);
          yield* until(sys, 0);
          for (let n = 0; n < 4; n++) yield* sys.write(Math.floor(sys.arg / 1000), text);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 200)).toEqual(['order=1', 'order=2']);
  });
});

test('a reader with data in hand waits for a writer that is asleep on the full pipe, O_NONBLOCK or not', () => {
  const parts = (flags: number): Parts =>
    alone(
      ['read'],
      function* (sys) {
        const [r, w] = yield* pipeOf(sys);
        yield* sys.fcntl(r, F_SETFL, flags);
        yield* sys.write(w, letters(CAPACITY));
        yield* sys.fork('writer', w, 1);
        yield* until(sys, 0);
        const read = yield* sys.read(r, new Uint8Array(2 * CAPACITY));
        sys.check(read >= CAPACITY, `read gave ${read}`);
        sys.result('read', read);
      },
      {
        programs: {
          *writer(sys) {
            yield* sys.close(0);
            yield* sys.store(0, 1);
            yield* sys.write(sys.arg, letters(8));
          },
        },
      },
    );
  for (const flags of [0, O_NONBLOCK]) {
    expect(outcomesOf(parts(flags), 200)).toEqual([`read=${CAPACITY}`, `read=${CAPACITY + 8}`]);
  }
});

describe('with several at work', () => {
  test('each byte is read by one reader', () => {
    const parts: Parts = {
      results: ['first', 'second'],
      cpus: 3,
      programs: {
        *main(sys) {
          const [, w] = yield* pipeOf(sys);
          const first = yield* sys.fork('reader', 0, 1);
          const second = yield* sys.fork('reader', 0, 2);
          yield* sys.write(w, 'ab');
          yield* sys.close(w);
          sys.result('first', (yield* sys.wait4(first)).status >> 8);
          sys.result('second', (yield* sys.wait4(second)).status >> 8);
        },
        *reader(sys) {
          yield* sys.close(1);
          const text = yield* readAll(sys, sys.arg, 1);
          return text === 'ab' ? 12 : text === 'a' ? 1 : text === 'b' ? 2 : text === '' ? 0 : 99;
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 600)).toEqual([
      'first=0 second=12',
      'first=1 second=2',
      'first=12 second=0',
      'first=2 second=1',
    ]);
  });

  test('a reader goes on though another thread closes its descriptor, and then nobody has it', () => {
    const parts: Parts = {
      results: ['read', 'write'],
      cpus: 3,
      programs: {
        *main(sys) {
          const [r, w] = yield* pipeOf(sys);
          yield* sys.sigaction(SIGPIPE, SIG_IGN);
          yield* sys.thread('closer', r * 10 + w, 1);
          sys.result('read', yield* sys.read(r, new Uint8Array(1)));
          yield* sys.store(0, 1);
          yield* sys.stay();
        },
        *closer(sys) {
          const r = Math.floor(sys.arg / 10);
          const w = sys.arg % 10;
          sys.check((yield* sys.close(r)) === 0, 'close failed');
          const first = yield* sys.write(w, 'x');
          // The reader has it, or it came too late and there is no reader.
          sys.check(first === 1 || first === -EPIPE, `write gave ${first}`);
          yield* until(sys, 0);
          sys.result('write', yield* sys.write(w, 'y'));
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 600)).toEqual([`read=-9 write=${-EPIPE}`, `read=1 write=${-EPIPE}`]);
  });

  test('the end of the data is the end of the last writer, however it goes', () => {
    const parts: Parts = {
      results: ['bytes'],
      cpus: 3,
      programs: {
        *main(sys) {
          const [r, w] = yield* pipeOf(sys);
          const first = yield* sys.fork('writer', w, 1);
          yield* sys.fork('writer', w, 2);
          yield* sys.close(w);
          yield* until(sys, 0);
          yield* sys.kill(first, SIGKILL);
          const { length } = yield* readAll(sys, r);
          sys.check(length === 1 || length === 2, `${length} bytes`);
          sys.result('bytes', length);
        },
        *writer(sys) {
          yield* sys.store(0, 1);
          for (let n = 0; n < 5; n++) yield* sys.getpid();
          yield* sys.write(sys.arg, 'x');
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 500)).toEqual(['bytes=1', 'bytes=2']);
  });
});

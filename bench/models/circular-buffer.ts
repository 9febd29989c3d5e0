/**
 * A sender and a receiver that take turns at a buffer, and count their own rounds instead of what they sent. SCTBench:
 * CS.circular_buffer_bad.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import type { Plain } from '../../src/model/thread.js';
import { createdByMain } from './main-thread.js';

const SIZE = 10;
const ROUNDS = 7;
const EMPTY = -1;

/** @param fixed the receiver expects what was sent last */
export function circularBufferModel(fixed = false): Model {
  return defineModel('circular-buffer', (m) => {
    const create = createdByMain(m);
    const lock = m.mutex('lock');
    const buffer = m.plains('buffer', SIZE);
    const first = m.plain('first');
    const next = m.plain('next');
    const send = m.plain('send', 1);
    const receive = m.plain('receive');
    const sent = m.plain('sent');
    const slot = (index: number): Plain => buffer[index] as Plain;
    create('sender', function* (t) {
      for (let round = 0; round < ROUNDS; round++) {
        yield t.lock(lock);
        if (t.read(send) === 1) {
          t.write(slot(t.read(next)), round);
          t.write(next, (t.read(next) + 1) % SIZE);
          t.write(sent, round);
          t.write(send, 0);
          t.write(receive, 1);
        }
        t.unlock(lock);
      }
    });
    create('receiver', function* (t) {
      for (let round = 0; round < ROUNDS; round++) {
        yield t.lock(lock);
        if (t.read(receive) === 1) {
          let element = EMPTY;
          if (t.read(next) > 0 && t.read(first) < SIZE) {
            element = t.read(slot(t.read(first)));
            t.write(first, t.read(first) + 1);
          }
          t.assert(element === (fixed ? t.read(sent) : round), 'another element than expected');
          t.write(receive, 0);
          t.write(send, 1);
        }
        t.unlock(lock);
      }
    });
  });
}

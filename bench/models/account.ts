/** A deposit, a withdrawal and a check of the balance, which has the sign of the deposit wrong. SCTBench: CS.account_bad. */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

const BALANCE = 1;
const DEPOSIT = 2;
const WITHDRAWAL = 4;

/** @param fixed with the right sign */
export function accountModel(fixed = false): Model {
  return defineModel('account', (m) => {
    const create = createdByMain(m, 'in reverse');
    const lock = m.mutex('lock');
    const balance = m.plain('balance', BALANCE);
    const deposited = m.plain('deposited');
    const withdrawn = m.plain('withdrawn');
    create('check', function* (t) {
      yield t.lock(lock);
      if (t.read(deposited) === 1 && t.read(withdrawn) === 1) {
        const expected = (fixed ? BALANCE + DEPOSIT : BALANCE - DEPOSIT) - WITHDRAWAL;
        t.assert(t.read(balance) === expected, 'the balance is wrong');
      }
      t.unlock(lock);
    });
    create('deposit', function* (t) {
      yield t.lock(lock);
      t.write(balance, t.read(balance) + DEPOSIT);
      t.write(deposited, 1);
      t.unlock(lock);
    });
    create('withdraw', function* (t) {
      yield t.lock(lock);
      t.write(balance, t.read(balance) - WITHDRAWAL);
      t.write(withdrawn, 1);
      t.unlock(lock);
    });
  });
}

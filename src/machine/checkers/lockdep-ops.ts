/** The operations of a CPU with the locks that it takes told to lockdep: put over a machine's own. */

import { cpu_data } from '../../sync/cpu.js';
import { OP_LOCK, OP_READ_LOCK, OP_WRITE_LOCK } from '../../sync/gate.js';
import type { SerialCpu } from '../serial-cpu.js';
import type { HeldLocks } from './held-locks.js';
import type { Lockdep, LockingCpu } from './lockdep.js';
import type { Under } from './under.js';

interface WatchedCpu extends SerialCpu, LockingCpu {
  readonly announcedAt: string;
  readonly lockdep: Lockdep;
}

function stackHere({ captures }: Lockdep): string {
  return captures ? (new Error().stack ?? '') : '';
}

/** Interrupts have been enabled: that matters to locks that are held. */
function enabled(cpu: WatchedCpu): void {
  const held = cpu.lockdep.held[cpu.id] as HeldLocks;
  if (held.count > 0 && !cpu.inInterrupt) cpu.lockdep.interruptsEnabled(cpu);
}

/** @param under the operations that they are put over */
export function lockdepOps(under: Under): object {
  const { completePoint, acquireRaw, releaseSpin, releaseRaw, releaseRead, releaseWrite } = under;
  const { local_irq_enable, local_irq_restore } = under;
  const ops: ThisType<WatchedCpu> & Record<string, unknown> = {
    completePoint(): void {
      completePoint.call(this);
      const { op } = this;
      if (op < OP_LOCK || op > OP_WRITE_LOCK) return;
      const { lockdep } = this;
      lockdep.acquired(this, this.opAddress, op === OP_READ_LOCK, false, lockdep.captures ? this.announcedAt : '');
    },
    acquireRaw(lock: number): void {
      acquireRaw.call(this, lock);
      this.lockdep.acquired(this, lock, false, true, stackHere(this.lockdep));
    },
    releaseSpin(lock: number): void {
      this.lockdep.released(this, lock);
      releaseSpin.call(this, lock);
    },
    releaseRaw(lock: number): void {
      this.lockdep.released(this, lock);
      releaseRaw.call(this, lock);
    },
    releaseRead(lock: number): void {
      this.lockdep.released(this, lock);
      releaseRead.call(this, lock);
    },
    releaseWrite(lock: number): void {
      this.lockdep.released(this, lock);
      releaseWrite.call(this, lock);
    },
    local_irq_enable(): void {
      local_irq_enable.call(this);
      enabled(this);
    },
    local_irq_restore(flags: number): void {
      local_irq_restore.call(this, flags);
      if (flags === 0) enabled(this);
    },
    holdsForReading(lock: number): boolean {
      return (this.lockdep.held[this.id] as HeldLocks).has(lock);
    },
    mutexAcquired(mutex: number): void {
      this.lockdep.mutexAcquired(this, mutex, stackHere(this.lockdep));
    },
    mutexReleased(mutex: number): void {
      this.lockdep.mutexReleased(mutex);
    },
    might_sleep(): void {
      if (this.provesRcu && this.words[this.data + cpu_data.rcu_nesting] !== 0) {
        this.violate('rcu-usage', 'WARNING: illegal context switch in RCU read-side critical section');
      }
      const count = this.preempt_count();
      const why = count !== 0 ? `in_atomic(): ${count}` : this.irqs_disabled() ? 'irqs_disabled(): 1' : null;
      if (why === null) return;
      this.violate(
        'scheduling-while-atomic',
        `BUG: sleeping function called from invalid context: ${why}, and what is called may sleep`,
      );
    },
  };
  return ops;
}

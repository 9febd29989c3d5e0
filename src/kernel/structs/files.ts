/** Files, pipes, and those who wait for them. */

import { embed, type FieldType, int, type Ptr, ptr, struct } from '../../memory/layout.js';
import { mutexField } from '../../sync/mutex.js';
import { rcuHead } from '../../sync/rcu.js';
import { spinlock } from '../../sync/spinlock.js';
import { waitQueueEntry, waitQueueHead } from '../../sync/wait.js';
import { NR_OPEN_DEFAULT, PAGE_SIZE, PIPE_DEF_BUFFERS } from '../constants.js';
import { sigset } from './signals.js';

/** An open file. Every descriptor that stands for it, and every call that uses it, counts. */
export const file = struct('file', {
  f_count: int,
  /** `FMODE_…`. */
  f_mode: int,
  /** `O_…`. */
  f_flags: int,
  /** `pipefifo_fops`, … */
  f_op: int,
  private_data: int,
  f_lock: spinlock,
  /** The next in a task's `task_works`. */
  fu_llist: ptr('file'),
  rcu: rcuHead,
});

/** A descriptor table. The two sets have a bit for each number: those given out, and those that exec closes. */
export const files_struct = struct('files_struct', {
  count: int,
  file_lock: spinlock,
  /** No number below is free. */
  next_fd: int,
  open_fds: int,
  close_on_exec: int,
  fd: { words: NR_OPEN_DEFAULT, kind: '*file' } as FieldType<Ptr<'file'>>,
});

/** A page of a pipe, and what of it has yet to be read. */
export const pipe_buffer = struct('pipe_buffer', {
  offset: int,
  len: int,
  flags: int,
  page: { words: PAGE_SIZE / 4, kind: 'int' } as FieldType<number>,
});

/** A pipe, and the part of its inode that matters. */
export const pipe_inode_info = struct('pipe_inode_info', {
  mutex: mutexField,
  wait: waitQueueHead,
  nrbufs: int,
  curbuf: int,
  readers: int,
  writers: int,
  /** Of writers asleep on a full pipe. */
  waiting_writers: int,
  /** The inode's lock, for `files`. */
  i_lock: spinlock,
  files: int,
  bufs: embed('pipe_buffer', pipe_buffer.$.words, PIPE_DEF_BUFFERS),
});

/** What a signalfd does not take: the complement of the set that it was made with. */
export const signalfd_ctx = struct('signalfd_ctx', { sigmask: sigset });

/** A poll's place in the wait queue of one file. */
export const poll_table_entry = struct('poll_table_entry', {
  filp: ptr('file'),
  /** The events that it waits for. */
  key: int,
  wait: waitQueueEntry,
  wait_address: ptr('wait_queue_head'),
});

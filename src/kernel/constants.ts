/** The kernel's constants, under their names and with the values of x86-64. */

export * from './constants/errno.js';
export * from './constants/files.js';
export * from './constants/processes.js';
export * from './constants/ptrace.js';
export * from './constants/signals.js';
export * from './constants/syscalls.js';
export * from './constants/tasks.js';

/** The kernel's structs, with the fields that the model uses, under their names in Linux v5.3.1. */

export * from './structs/files.js';
export * from './structs/identity.js';
export * from './structs/signals.js';
export * from './structs/tasks.js';

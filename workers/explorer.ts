/** The entry point of a thread that explores. */

// Reports name the sources. Only what is loaded after this has its source map read.
process.setSourceMapsEnabled(true);
const { explore, prepare, shrink, survey } = await import('./explorer-tasks.js');

export default explore;
export { prepare, shrink, survey };

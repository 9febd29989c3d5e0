/** The command line: what there is to call, and how a call ends. */

import { Command, CommanderError } from 'commander';

const EXIT_USAGE = 2;
/** Errors that say what is wrong with the call: a sentence is enough. Others are bugs, and get their stack. */
const SENTENCES = new Set([
  'UsageError',
  'TokenError',
  'ScheduleMismatchError',
  'UnknownNameError',
  'MachineError',
  'NativeError',
  'UserFileError',
  'ModelError',
  'NondeterminismError',
]);

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function build(end: (status: number) => void): Command {
  const program = new Command('siglab');
  program
    .description('A laboratory for the races of the Linux signal path.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(siglab COMMAND --help says what it takes)');

  program
    .command('list')
    .description('scenarios and patches')
    .option('--json', 'as a JSON document')
    .action(async (flags) => end((await import('./list.js')).listCommand(flags)));

  program
    .command('show')
    .description('the story of a scenario, its processes, its claim, its patches; or of a patch')
    .argument('<name>', 'of a scenario or a patch, or a file of your own')
    .option('--json', 'as a JSON document')
    .action(async (name, flags) => end(await (await import('./show.js')).showCommand(name, flags)));

  program
    .command('new')
    .description('a file of your own to start from: a scenario, or a model')
    .argument('<name>', 'what to call it: small letters, digits and hyphens')
    .option('--model', 'a model of shared cells, locks and threads, without this kernel')
    .action(async (name, flags) => end((await import('./new.js')).newCommand(name, flags)));

  program
    .command('run')
    .description('on real threads, many times; counts outcomes')
    .argument('<scenario>', 'its name, or a file of your own')
    .option('--patch <id>', 'replace a kernel function: a name, or a file of your own; may be repeated', collect, [])
    .option('--file <path>', 'a file of your own with more patches; may be repeated', collect, [])
    .option('--no-check', 'do not check the types of files of your own')
    .option('--cpus <n>', 'simulated CPUs, each a thread (default: what the scenario is made for)')
    .option('--iterations <n>', 'how often', '1000')
    .option('--noise <level>', 'delays at scheduling points: none, low or high', 'low')
    .option('--seed <n>', 'seed of the noise', '1')
    .option('--record', 'write down who moves, step by step: what is found becomes a token; slower')
    .option(
      '--trace <file>',
      'record, and write the events of one run: for Perfetto if it ends in .json, else as ftrace',
    )
    .option('--kernel <version>', '5.3.1 or 3.16', '5.3.1')
    .option('--json', 'as a JSON document')
    .action(async (name, flags) => {
      const patch = await withKernel(flags);
      end(await (await import('./run.js')).runCommand(name, { ...flags, patch }));
    });

  program
    .command('explore')
    .description('schedule by schedule, until a violation or the end of the space')
    .argument('<scenario>', 'its name, a file of your own, or all: the collection, with each patch')
    .option('--patch <id>', 'replace a kernel function: a name, or a file of your own; may be repeated', collect, [])
    .option('--file <path>', 'a file of your own with more patches; may be repeated', collect, [])
    .option('--no-check', 'do not check the types of files of your own')
    .option('--strategy <name>', 'a strategy by name (default: a portfolio, and then dpor until all is covered)')
    .option('--schedules <n>', 'executions at most')
    .option('--seconds <s>', 'seconds at most')
    .option('--preemptions <n>', 'of dfs: only schedules with at most so many preemptions')
    .option('--delays <n>', 'of dfs and round-robin: only schedules that pass over at most so many CPUs that can move')
    .option('--iterative', 'of dfs: those with the fewest preemptions, or delays, first')
    .option('--depth <n>', 'of pct: how many orderings the bug needs')
    .option('--seed <n>', 'seed of the strategies that draw lots', '1')
    .option('--cpus <n>', 'simulated CPUs (default: what the scenario is made for)')
    .option(
      '--workers <n>',
      'threads, for dpor, dfs and strategies that draw lots; the result is the same for any number',
      '1',
    )
    .option('--resume <file>', 'go on from there if the file exists, and keep there where it stands')
    .option('--junit <file>', 'write the result as JUnit XML')
    .option('--exhaustive', 'by dpor, without a limit of its own; fail unless the whole space was covered')
    .option('--kernel <version>', '5.3.1 or 3.16', '5.3.1')
    .option('--json', 'as a JSON document')
    .action(async (name, flags) => {
      useSourceMaps();
      const patch = await withKernel(flags);
      end(await (await import('./explore.js')).exploreCommand(name, { ...flags, patch }));
    });

  program
    .command('stress')
    .description('on real threads under load, with changing delays')
    .argument('<scenario>', 'its name, a file of your own, or all')
    .option('--patch <id>', 'replace a kernel function: a name, or a file of your own; may be repeated', collect, [])
    .option('--file <path>', 'a file of your own with more patches; may be repeated', collect, [])
    .option('--no-check', 'do not check the types of files of your own')
    .option('--seconds <s>', 'how long, all scenarios together', '10')
    .option('--cpus <n>', 'simulated CPUs, each a thread (default: what the scenario is made for)')
    .option('--seed <n>', 'seed of the delays', '1')
    .option('--kernel <version>', '5.3.1 or 3.16', '5.3.1')
    .option('--json', 'as a JSON document')
    .action(async (name, flags) => {
      const patch = await withKernel(flags);
      end(await (await import('./stress.js')).stressCommand(name, { ...flags, patch }));
    });

  program
    .command('replay')
    .description('a token again, step by step')
    .argument('<token>')
    .option('--machine <name>', 'controlled, or lockstep: on real threads', 'controlled')
    .option('--format <name>', 'story, ftrace, perfetto or json', 'story')
    .option('--stacks', 'with the call stack of each step')
    .option('--loose', 'follow a schedule that does not fit as far as it can be followed')
    .option('--step <n>', 'the state of the machine after so many steps')
    .option(
      '--file <path>',
      'the litmus file, or the file of your own, that the token is for; may be repeated',
      collect,
      [],
    )
    .option('--json', 'as a JSON document')
    .action(async (token, flags) => {
      useSourceMaps();
      end(await (await import('./replay.js')).replayCommand(token, flags));
    });

  program
    .command('minimize')
    .description('the fewest context switches that still show it')
    .argument('<token>')
    .option('--file <path>', 'a file of your own that the token is for; may be repeated', collect, [])
    .option('--json', 'as a JSON document')
    .action(async (token, flags) => {
      useSourceMaps();
      end(await (await import('./minimize.js')).minimizeCommand(token, flags));
    });

  program
    .command('litmus')
    .description('the outcomes that the model allows for litmus tests, and those that the host shows')
    .argument('[path...]', 'litmus files, or folders of them')
    .option('--native', "compile each and run it on the host's kernel; fail on an outcome that is not allowed")
    .option('--iterations <n>', 'native runs of each', '10000')
    .option('--seconds <s>', 'seconds at most for each exploration, and for each native run', '60')
    .option('--executions <n>', 'executions at most of each exploration', '200000')
    .option('--seed <n>', 'seed of the native delays', '1')
    .option('--keep <dir>', 'where the C programs are kept')
    .option('--jobs <n>', 'native runs of a test at a time (by default one, or many where it mostly sleeps)')
    .option('--generate <n>', 'random tests instead of files, explored and run natively')
    .option('--save <dir>', 'where generated tests that disagree are saved, made smaller', 'litmus-found')
    .option('--json', 'as a JSON document')
    .action(async (paths, flags) => end(await (await import('./litmus.js')).litmusCommand(paths, flags)));

  program
    .command('demo', { hidden: true })
    .description('the main job: one race from the wild to the desk')
    .action(async () => {
      useSourceMaps();
      end(await (await import('./demo.js')).demoCommand());
    });

  return program;
}

/** Makes stacks name the TypeScript sources. Only what is loaded afterwards has its source map read. */
function useSourceMaps(): void {
  process.setSourceMapsEnabled(true);
}

/** The patches that the kernel asked for stands for, and then those asked for. */
async function withKernel(flags: { kernel: string; patch: readonly string[] }): Promise<readonly string[]> {
  const { chooseWord, KERNEL_PATCHES, KERNELS } = await import('./context.js');
  return [...KERNEL_PATCHES[chooseWord('kernel', flags.kernel, KERNELS)], ...flags.patch];
}

/** Runs the command line. Sets the process's exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads has read enough, as `head` has.
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`siglab: cannot write to standard output: ${error.message}\n`);
    process.exit(EXIT_USAGE);
  });
  try {
    await build((status) => {
      process.exitCode = status;
    }).parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for; everything else is a wrong call, and has been printed.
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
      return;
    }
    if (error instanceof Error && SENTENCES.has(error.name)) {
      process.stderr.write(`siglab: ${sentenceOf(error)}
`);
      process.exitCode = error.name === 'MachineError' ? 1 : EXIT_USAGE;
      return;
    }
    // Not the status of a claim that does not hold.
    process.stderr.write(`siglab ended by an error that it does not expect: ${textOf(error)}\n`);
    process.exitCode = EXIT_USAGE;
  }
}

function sentenceOf({ name, message }: Error): string {
  if (name !== 'NondeterminismError') return message;
  const must = 'it must take no time, draw no random numbers and keep no state from one execution to the next';
  return `what is explored does something else when it is made again: ${must} (${message})`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** `docs/kernel.md`, made from the kernel's sources: its functions, the locks they need, what is left out. */

import ts from 'typescript';
import { KERNEL_PARTS } from './kernel-rows.js';
import { type SourceFile, sourcesIn } from './source.js';

/** A function of the kernel as its source tells of it. */
export interface KernelFunction {
  readonly name: string;
  /** `src/kernel/fork.ts`. */
  readonly path: string;
  readonly line: number;
  /** The first sentence of its comment. */
  readonly summary: string;
  /** What it needs, from the sentences that begin with "Needs". */
  readonly needs: string;
  /** From what is said to be "Left out", in its comment or inside it. */
  readonly leftOut: readonly string[];
}

export interface KernelFile {
  readonly path: string;
  /** The first sentence of the file's comment. */
  readonly summary: string;
  readonly leftOut: readonly string[];
  readonly functions: readonly KernelFunction[];
}

/** Files of `src/kernel` that model nothing: what a scenario, a report or a machine needs. */
const OWN =
  /\/(?:sys|constants|structs)\/|\/(?:blocked|boot|constants|describe|hung|kernel|kernel-arena|leaks|model|rcu-stall|scenario|setup|sleep|structs|sys|trace|tracepoints|user|waitstatus)\.ts$/;

/** Functions of the kernel that are none here: the function that does their work, or why nothing has to. */
export const ELSEWHERE: Readonly<Record<string, { readonly in: string } | { readonly leftOut: string }>> = {
  fork: { in: 'clone' },
  legacy_queue: { in: '__send_signal' },
  do_sigaction: { in: 'rt_sigaction' },
  do_sigpending: { in: 'rt_sigpending' },
  do_sigtimedwait: { in: 'rt_sigtimedwait' },
  sigsuspend: { in: 'rt_sigsuspend' },
  signal_setup_done: { in: 'handle_signal' },
  bprm_fill_uid: { in: 'cap_bprm_set_creds' },
  install_exec_creds: { in: 'execve' },
  check_unsafe_exec: { in: 'cap_bprm_set_creds' },
  proc_flush_task: { leftOut: 'there is no `/proc` but for the maps of user namespaces' },
  cgroup_release: { leftOut: 'there are no cgroups' },
  synchronize_rcu: { leftOut: 'nothing on this path waits for a grace period itself: all of it uses `call_rcu`' },
  exit_mm: { in: 'leave_mm' },
};

/** Kernel functions keep the kernel's names; those of our own have a capital inside. */
export function isKernelName(name: string): boolean {
  return !/[a-z][A-Z]/.test(name);
}

/** A comment's text in one line, without its stars. */
function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*?|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(?:\*|\/\/) ?/, '').trim())
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The comment that stands right before a node, or the empty string. */
function commentOf(text: string, node: ts.Node): string {
  const last = ts.getLeadingCommentRanges(text, node.getFullStart())?.at(-1);
  return last === undefined ? '' : plain(text.slice(last.pos, last.end));
}

/** The text up to the tags and the first full stop that ends a sentence. */
function firstSentence(comment: string): string {
  const [prose = ''] = comment.split(/ @(?:param|returns|throws|example)\b/);
  return /^.*?[.:?!](?= [A-Z@`]|$)/.exec(prose)?.[0] ?? prose;
}

function needsOf(comment: string): string {
  const found = [...comment.matchAll(/\bNeeds (.+?)(?:\.(?= |$)|; a result| @)/g)].map(([, what]) => what);
  return found.join('; ');
}

/** Every "Left out: …" of a text, up to its full stop. */
function leftOutOf(text: string): string[] {
  return [...text.matchAll(/\bLeft out(?: of it)?: (.+?)\.(?= |$)/g)].map(([, what]) => what as string);
}

/** The text of all comments inside a node. */
function commentsInside(node: ts.Node, text: string): string {
  const body = text.slice(node.getStart(), node.getEnd());
  return [...body.matchAll(/(?:^[ \t]*\/\/.*\n)+|\/\*\*?[\s\S]*?\*\//gm)].map(([comment]) => plain(comment)).join(' ');
}

function readFile({ path, text }: SourceFile): KernelFile {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const functions: KernelFunction[] = [];
  const visit = (node: ts.Node): void => {
    const isMethod = ts.isMethodDeclaration(node) && ts.isObjectLiteralExpression(node.parent);
    // Functions that need no CPU: of the kernel if they are named as it names them.
    const isPlain = ts.isFunctionDeclaration(node) && /^[a-z]+(?:_[a-z]+)+$/.test(node.name?.text ?? '');
    if ((isMethod || isPlain) && node.name !== undefined && ts.isIdentifier(node.name)) {
      const comment = commentOf(text, node);
      functions.push({
        name: node.name.text,
        path,
        line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
        summary: firstSentence(comment),
        needs: needsOf(comment),
        leftOut: [...leftOutOf(comment), ...leftOutOf(commentsInside(node, text))],
      });
    } else ts.forEachChild(node, visit);
  };
  visit(source);
  const header = plain(/^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? '');
  return { path, summary: firstSentence(header), leftOut: leftOutOf(header), functions };
}

/** The kernel's files that model something, with their functions. */
export function kernelFiles(): readonly KernelFile[] {
  const sources = sourcesIn('src/kernel', 'src/sync').filter(({ path }) => !OWN.test(path));
  return sources.map(readFile).filter(({ functions }) => functions.some(({ name }) => isKernelName(name)));
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The page. */
export function kernelDoc(): string {
  const lines = [
    '# The kernel, function by function',
    '',
    'Made from the comments in `src/kernel` and `src/sync`, and compared with them in every test run: run',
    '`npx vitest run test/project/kernel-doc.test.ts -u` after a change. The kernel is Linux v5.3.1; functions have its',
    'names and its order of arguments. Functions of our own, which have a capital letter inside their names, are not listed.',
    '',
    'What is left out of the model as a whole: priorities and load balancing, preemption of kernel code, cgroups, the',
    'freezer, audit and security modules, accounting, memory (`mm`) but for what core dumps and vfork wait for, and',
    'every file system: a program is a number, and a path is the name of a program.',
  ];
  for (const { path, summary, leftOut, functions } of kernelFiles()) {
    lines.push('', `## [${path}](../${path})`, '', summary);
    if (leftOut.length > 0) lines.push('', `Left out: ${leftOut.join('; ')}.`);
    lines.push('', '| function | what it does | needs | left out |', '| --- | --- | --- | --- |');
    for (const found of functions) {
      if (!isKernelName(found.name)) continue;
      const cells = [`\`${found.name}\``, found.summary, found.needs, found.leftOut.join('; ')];
      lines.push(`| ${cells.map(cell).join(' | ')} |`);
    }
  }
  lines.push('', '## Functions of the kernel that are none here', '');
  lines.push('| function | its work is done in | or is left out, because |', '| --- | --- | --- |');
  for (const [name, where] of Object.entries(ELSEWHERE)) {
    lines.push(
      `| \`${name}\` | ${'in' in where ? `\`${where.in}\`` : ''} | ${'leftOut' in where ? where.leftOut : ''} |`,
    );
  }
  lines.push('', '## What must hold, and which tests fail where it does not', '');
  lines.push(
    'A race is a scenario of [the collection](races.md), with the patch that takes the branch out and is caught there.',
  );
  for (const { title, rows } of KERNEL_PARTS) {
    lines.push('', `### ${title}`, '', '| functions | what must hold | tests | races |', '| --- | --- | --- | --- |');
    for (const { functions, holds, tests, races = {} } of rows) {
      const cells = [
        functions.replace(/\S+/g, '`$&`'),
        holds,
        Object.entries(tests)
          .map(([file, titles]) => `[${file}](../test/${file}.test.ts): ${titles.join('; ')}`)
          .join('. '),
        Object.entries(races)
          .map(([scenario, patches]) => `${scenario}: ${patches.map((patch) => `\`${patch}\``).join(', ')}`)
          .join('; '),
      ];
      lines.push(`| ${cells.map(cell).join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The examples in the docstrings of the public API. */

import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './build.js';

export interface Example {
  /** What it is an example of; `siglab` for the page of the package. */
  readonly of: string;
  readonly code: string;
}

export interface PublicApi {
  readonly examples: readonly Example[];
  /** What can be imported, and whether it is a type only. */
  readonly names: ReadonlyMap<string, boolean>;
  /** The functions and classes that have no example, those of which only the type is exported included. */
  readonly without: readonly string[];
}

/** Reads what `src/index.ts` exports. */
export function publicApi(): PublicApi {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const index = join(ROOT, 'src/index.ts');
  const program = ts.createProgram([index], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(index);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (source === undefined || module === undefined) throw new Error('src/index.ts is no module');
  const examples: Example[] = [];
  const without: string[] = [];
  const names = new Map<string, boolean>();
  const collect = (of: string, tags: readonly ts.JSDocTagInfo[]): void => {
    for (const { name, text } of tags)
      if (name === 'example') examples.push({ of, code: ts.displayPartsToString([...(text ?? [])]) });
  };
  for (const one of checker.getExportsOfModule(module)) {
    const symbol = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
    names.set(one.name, (symbol.flags & ts.SymbolFlags.Value) === 0);
    const called = (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) !== 0;
    const hasExample = symbol.getJsDocTags(checker).some(({ name }) => name === 'example');
    if (called && !hasExample) without.push(one.name);
    collect(one.name, symbol.getJsDocTags(checker));
    for (const member of symbol.members?.values() ?? []) {
      collect(`${one.name}.${member.name}`, member.getJsDocTags(checker));
    }
  }
  // The page's own comment stands before no declaration: it is read as text.
  const page = /^\/\*\*[\s\S]*?\*\//.exec(source.text)?.[0] ?? '';
  const [, own = ''] = /@example\n([\s\S]*?)\n \*\n \* @packageDocumentation/.exec(page) ?? [];
  examples.push({ of: 'siglab', code: own.replaceAll(/^ \* ?/gm, '') });
  return { examples, names, without };
}

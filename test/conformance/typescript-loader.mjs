// Module hooks: run the repository's TypeScript as it is, without a build.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const lib = new URL('../../lib/', import.meta.url);

export async function resolve(specifier, context, next) {
  if (specifier === 'coriolis') return next(new URL('index.ts', lib).href, context);
  if (specifier === 'coriolis/testing') return next(new URL('testing/index.ts', lib).href, context);
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const fileName = fileURLToPath(url);
  const { outputText } = ts.transpileModule(await readFile(fileName, 'utf8'), {
    fileName,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  });
  return { format: 'module', source: outputText, shortCircuit: true };
}

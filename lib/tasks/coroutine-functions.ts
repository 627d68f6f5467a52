const generatorFunctions = new WeakSet<object>();
const GeneratorFunctionPrototype = Object.getPrototypeOf(function* () {});

/** Remembers that `fn` returns generators although it is no generator function. */
export function markGeneratorFunction(fn: object): void {
  generatorFunctions.add(fn);
}

/** True for a function that certainly returns a generator, so that no async function has to be expected in it. */
export function isGeneratorFunction(fn: unknown): boolean {
  return (
    typeof fn === 'function' &&
    (Object.getPrototypeOf(fn) === GeneratorFunctionPrototype || generatorFunctions.has(fn))
  );
}

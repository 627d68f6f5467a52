import { readFileSync } from 'node:fs';
import type { Program, Trace } from './program.ts';

/** What is used of a Pyodide. */
interface Python {
  runPython(code: string): unknown;
  globals: { set(name: string, value: unknown): void; get(name: string): unknown };
  FS: { writeFile(path: string, text: string): void };
}

const bootstrap = `
import asyncio, gc, importlib.util, json, sys, warnings
asyncio._set_running_loop(None)        # Pyodide's own loop counts as running
warnings.simplefilter("ignore")
sys.unraisablehook = lambda info: None
gc.disable()
spec = importlib.util.spec_from_file_location("oracle", "/oracle.py")
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)

def generate(seed, count):
    return json.dumps(list(oracle.generate(seed, count, oracle.default_features())))

def run(programs):
    traces = [oracle.run_program(p) for p in json.loads(programs)]
    gc.collect()
    return json.dumps(traces)
`;

/** CPython 3.14's asyncio, compiled to WebAssembly: the npm package pyodide. */
export class Oracle {
  private constructor(private readonly python: Python) {}

  static async load(): Promise<Oracle> {
    const packageName = 'pyodide';
    const { loadPyodide } = await import(packageName).catch((cause) => {
      throw new Error('the oracle needs pyodide: npm install --no-save pyodide@314.0.7', { cause });
    });
    const python: Python = await loadPyodide();
    python.FS.writeFile('/oracle.py', readFileSync(new URL('oracle.py', import.meta.url), 'utf8'));
    python.runPython(bootstrap);
    return new Oracle(python);
  }

  /** Fresh programs; the same seed gives the same ones. */
  generate(seed: number, count: number): Program[] {
    const generate = this.python.globals.get('generate') as (seed: number, count: number) => string;
    return JSON.parse(generate(seed, count));
  }

  /** What CPython does with them. */
  run(programs: Program[]): Trace[] {
    const run = this.python.globals.get('run') as (programs: string) => string;
    return JSON.parse(run(JSON.stringify(programs)));
  }
}

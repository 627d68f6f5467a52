// npm run --silent conformance -- run [--flavor generator|async] < programs.jsonl > traces.jsonl
// npm run conformance -- fuzz --seed N --count K [--flavor generator|async]
import { register } from 'node:module';

register('./typescript-loader.mjs', import.meta.url);
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));

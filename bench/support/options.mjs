// Command-line options with checks: a typo must not silently measure something else.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** Something the caller of the bench has to change; printed without a stack. */
export class UsageError extends Error {}

/**
 * @typedef {object} OptionSpec
 * @property {'flag' | 'text' | 'number' | 'whole' | 'list'} kind 'list': comma-separated words
 * @property {string} about what --help says
 * @property {number} [min] for numbers
 * @property {number} [max]
 * @property {string | number} [default]
 */

/**
 * Parses and checks options; `--help` is always understood.
 * @param {string[]} args
 * @param {Record<string, OptionSpec>} specs
 * @returns {Record<string, any>} values by name; an option without default that was not given is undefined (a flag: false)
 */
export function parseOptions(args, specs) {
  /** @type {Record<string, { type: 'boolean' | 'string' }>} */
  const options = { help: { type: 'boolean' } };
  for (const [name, spec] of Object.entries(specs)) {
    options[name] = { type: spec.kind === 'flag' ? 'boolean' : 'string' };
  }
  /** @type {Record<string, string | boolean | undefined>} */
  let given;
  try {
    given = parseArgs({ args, options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${/** @type {Error} */ (error).message.split('. ')[0]} (see --help)`);
  }
  /** @type {Record<string, any>} */
  const values = { help: given.help === true };
  for (const [name, spec] of Object.entries(specs)) {
    const text = given[name];
    if (spec.kind === 'flag') values[name] = text === true;
    else if (text === undefined) values[name] = spec.default;
    else values[name] = parseValue(name, spec, String(text));
  }
  return values;
}

/**
 * @param {string} name
 * @param {OptionSpec} spec
 * @param {string} text
 */
function parseValue(name, spec, text) {
  if (spec.kind === 'text') {
    if (text === '') throw new UsageError(`--${name} must not be empty`);
    return text;
  }
  if (spec.kind === 'list') {
    const words = text.split(',').map((word) => word.trim());
    if (words.some((word) => word === '')) throw new UsageError(`--${name}: '${text}' has an empty entry`);
    return words;
  }
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const whole = spec.kind === 'whole';
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value)) || value < min || value > max) {
    throw new UsageError(
      `--${name}: '${text}' is not a ${whole ? 'whole ' : ''}number from ${min} to ${max}`,
    );
  }
  return value;
}

/**
 * @param {string} command
 * @param {Record<string, OptionSpec>} specs
 */
export function formatHelp(command, specs) {
  const rows = Object.entries(specs).map(([name, spec]) => {
    const value = { flag: '', text: ' X', number: ' N', whole: ' N', list: ' A,B' }[spec.kind];
    const fallback = spec.default === undefined ? '' : ` (default ${spec.default})`;
    return /** @type {const} */ ([`  --${name}${value}`, spec.about + fallback]);
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return `usage: npm run bench -- ${command} [options]\n\n${rows.map(([left, right]) => left.padEnd(width) + right).join('\n')}\n`;
}

/**
 * Keeps the items that the words choose: the item with that id, else all whose id contains the word. A word that
 * chooses nothing is an error.
 * @template {{ id: string }} Item
 * @param {string} option name of the option, for the message
 * @param {Item[]} items
 * @param {string[] | undefined} words undefined keeps all
 * @returns {Item[]}
 */
export function selectById(option, items, words) {
  if (words === undefined) return items;
  /** @type {Set<Item>} */
  const chosen = new Set();
  for (const word of words) {
    const exact = items.find((item) => item.id === word);
    const matches = exact === undefined ? items.filter((item) => item.id.includes(word)) : [exact];
    if (matches.length === 0) {
      throw new UsageError(
        `--${option}: '${word}' matches none of ${items.map((item) => item.id).join(', ')}`,
      );
    }
    for (const item of matches) chosen.add(item);
  }
  return items.filter((item) => chosen.has(item));
}

/**
 * Fails before minutes of measuring rather than after them.
 * @param {string | undefined} file
 */
export function checkWritable(file) {
  if (file === undefined) return;
  try {
    accessSync(path.dirname(path.resolve(file)), constants.W_OK);
  } catch {
    throw new UsageError(`--json: cannot write to the folder of ${file}`);
  }
}

// JSON that anybody may have written, read so that two readers cannot see different things in it: what stands there twice
// is refused, and nothing may lie deep.

/** A value of JSON. Objects are maps, so that no name means anything to JavaScript. */
export type Json = null | boolean | number | string | readonly Json[] | ReadonlyMap<string, Json>;

/** How deep objects and lists may lie in each other. */
const MOST_DEPTH = 8;
/** Fields of one object. */
const MOST_FIELDS = 64;

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** Reads a text. Throws an error that says what is wrong, and at which character, counted from 1. */
export function readJson(text: string): Json {
  let at = 0;
  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at character ${at + 1}`);
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    at += found?.length ?? 0;
    return found;
  };
  const next = () => {
    match(SPACE);
    return text[at];
  };
  const take = (sign: string) => (next() === sign ? ((at += 1), true) : false);
  const string = () => {
    next();
    const found = match(STRING) ?? fail('expected a text');
    return JSON.parse(found) as string;
  };
  const value = (depth: number): Json => {
    const sign = next();
    if (sign === '"') return string();
    if (sign !== '[' && sign !== '{') {
      const found = match(WORD) ?? match(NUMBER) ?? fail('expected a value');
      return JSON.parse(found) as null | boolean | number;
    }
    if (depth === 0) return fail(`objects and lists lie more than ${MOST_DEPTH} deep in each other`);
    at += 1;
    return sign === '[' ? list(depth - 1) : object(depth - 1);
  };
  const list = (depth: number): Json => {
    const all: Json[] = [];
    if (take(']')) return all;
    do all.push(value(depth));
    while (take(','));
    return take(']') ? all : fail('expected , or ]');
  };
  const object = (depth: number): Json => {
    const fields = new Map<string, Json>();
    if (take('}')) return fields;
    do {
      const name = string();
      if (fields.has(name)) fail(`the field ${JSON.stringify(name)} is there twice`);
      if (fields.size === MOST_FIELDS) fail(`an object has more than ${MOST_FIELDS} fields`);
      if (!take(':')) fail('expected :');
      fields.set(name, value(depth));
    } while (take(','));
    return take('}') ? fields : fail('expected , or }');
  };
  const read = value(MOST_DEPTH);
  return next() === undefined ? read : fail('there is something behind the end');
}

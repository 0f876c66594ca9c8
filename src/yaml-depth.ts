/**
 * How deeply YAML may be nested: the parser calls itself for each level, and where the stack ends V8 may
 * end the process rather than throw.
 */

const MAX_DEPTH = 500;

/** Throws an Error if the text nests deeper than any file of flowproof needs to. */
export function checkYamlDepth(text: string): void {
  let depth = 0;
  let line = 1;
  let indent = 0;
  /** True at the start of a line, where each blank, `-`, `?` and `:` may open a level. */
  let isIndent = true;
  for (const letter of text) {
    if (letter === '\n') {
      line += 1;
      indent = 0;
      isIndent = true;
      continue;
    }
    if (isIndent && /[\s?:-]/.test(letter)) indent += 1;
    else isIndent = false;
    if (letter === '[' || letter === '{') depth += 1;
    else if ((letter === ']' || letter === '}') && depth > 0) depth -= 1;
    if (depth > MAX_DEPTH || indent > 2 * MAX_DEPTH) {
      throw new Error(`it is nested too deeply at line ${line}`);
    }
  }
}

/**
 * Text that a spreadsheet could run. Whoever opens a CSV in a spreadsheet runs the cells that look
 * like formulas, and log content is hostile; such cells get a leading apostrophe, which spreadsheets
 * take for "this is text" (OWASP, "CSV Injection"). Every CSV that flowproof writes uses this rule.
 */

/**
 * What a spreadsheet may run or strip: formula signs, plain and full-width, also behind blanks that an
 * import trims; leading tabs and line ends; and the apostrophe that marks a defused cell.
 */
const DANGEROUS = /^(?:['\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;

/** The dash by which flow logs say "no value", and plain numbers: they hold nothing that runs. */
const HARMLESS = /^(?:-|[+-]?\d+(?:\.\d+)?)$/;

/** The cell with a leading apostrophe if a spreadsheet could run it. */
export function defuse(cell: string): string {
  return DANGEROUS.test(cell) && !HARMLESS.test(cell) ? `'${cell}` : cell;
}

/** The text that `defuse` was given: text that opens with an apostrophe got another, so one is off. */
export function undefuse(cell: string): string {
  return cell.startsWith("'") ? cell.slice(1) : cell;
}

/**
 * Where a statement ends in what a person types: at a semicolon that stands in no text, name or comment.
 */

const DOLLAR_QUOTE = /\$(?:[A-Za-z_]\w{0,62})?\$/y;

/** The place after the first semicolon that ends a statement; -1 if the statement goes on. */
export function statementEnd(sql: string): number {
  for (let at = 0; at < sql.length; at += 1) {
    const end = afterQuoted(sql, at);
    if (end < 0) return -1;
    if (end > at) {
      at = end - 1;
    } else if (sql[at] === ';') return at + 1;
  }
  return -1;
}

/** The place after the text, name or comment that begins at a place: the place itself if none does, -1 if it does not end. */
function afterQuoted(sql: string, at: number): number {
  const two = sql.slice(at, at + 2);
  if (two === '--') return after(sql, '\n', at + 2);
  if (two === '/*') return after(sql, '*/', at + 2);
  if (sql[at] === "'" || sql[at] === '"') return after(sql, sql[at] ?? '', at + 1);
  if (sql[at] !== '$') return at;
  DOLLAR_QUOTE.lastIndex = at;
  const [mark] = DOLLAR_QUOTE.exec(sql) ?? [];
  return mark === undefined ? at : after(sql, mark, at + mark.length);
}

function after(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from);
  return found < 0 ? -1 : found + mark.length;
}

/** True if nothing is left but blanks and comments. */
export function isBlank(sql: string): boolean {
  for (let at = 0; at < sql.length; at += 1) {
    if (/\s/.test(sql[at] ?? '')) continue;
    const isComment = ['--', '/*'].includes(sql.slice(at, at + 2));
    const end = isComment ? afterQuoted(sql, at) : at;
    if (end === at) return false;
    if (end < 0) return true;
    at = end - 1;
  }
  return true;
}

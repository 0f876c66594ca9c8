/**
 * Names of files with line ends in them, which no pattern of the glob library matches: without another
 * name for the time of the search they would be passed over, and nobody told.
 */

/** Line ends of JavaScript's patterns, and characters for private use that stand in for them. */
const STAND_INS: ReadonlyMap<string, string> = new Map([
  ['\n', '\uf70a'],
  ['\r', '\uf70d'],
  ['\u2028', '\uf728'],
  ['\u2029', '\uf729'],
]);

export type LineEndNames = {
  /** The name, or what stands in for it. */
  standIn(name: string): string;
  /** The path with the names that it has in fact. */
  real(path: string): string;
};

export function createLineEndNames(): LineEndNames {
  const reals = new Map<string, string>();
  return {
    standIn(name) {
      const other = name.replace(/[\n\r\u2028\u2029]/g, (end) => STAND_INS.get(end) ?? end);
      if (other !== name) reals.set(other, name);
      return other;
    },
    real(path) {
      if (reals.size === 0) return path;
      return path
        .split('/')
        .map((name) => reals.get(name) ?? name)
        .join('/');
    },
  };
}

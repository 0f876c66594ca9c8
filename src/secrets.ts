/**
 * Secrets that this process was given, kept out of what it tells: their values are replaced wherever
 * they appear, and so are user and password of a URL.
 */

/** Variables of the AWS SDK that hold secrets. */
const AWS_VARIABLES = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
];

/** Shorter ones would take apart words that are no secret. */
const SHORTEST = 6;

const SHOWN = '[secret]';

/** A function that takes the values of the named variables, and those of the AWS SDK, out of a text. */
export function createRedactor(
  names: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): (text: string) => string {
  const values = [...AWS_VARIABLES, ...names]
    .map((name) => environment[name] ?? '')
    .filter((value) => value.length >= SHORTEST)
    // One may be a part of another.
    .sort((one, other) => other.length - one.length);
  return (text) => {
    let result = text;
    for (const value of values) result = result.replaceAll(value, SHOWN);
    return result.replace(/\/\/[^/@\s:]*:[^/@\s]*@/g, `//${SHOWN}@`);
  };
}

/** The same value with every text in it passed through a function; keys stay. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]),
  );
}

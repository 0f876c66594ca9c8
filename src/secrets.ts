/**
 * Secrets in texts that flowproof did not write: messages of the AWS SDK, of Node and of servers may quote
 * a header, an address with a signature, or what the environment holds. They never reach an error, a
 * log or a pack.
 */

const REDACTED = '[redacted]';

/** Environment variables whose values are secret, whatever they are for. */
const SECRET_NAME = /SECRET|TOKEN|PASSWORD|PASSWD|PRIVATE_KEY|API_?KEY|CREDENTIAL/i;

/** A shorter value could be any word. */
const SHORTEST = 8;

/** Names that are no secret though they look it: paths and names that messages must be able to say. */
const NO_SECRET = /_FILE$|_URI$|_ENDPOINT$|_PATH$|_TTL$/i;

/** What a secret looks like by itself; the first group, where there is one, is kept. */
const PATTERNS: readonly RegExp[] = [
  // Addresses that are signed, and those that hold a password.
  /([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|sig|token|access_token|api_?key)=)[^&\s"'<>]+/gi,
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'<>]{1,500}(?=@)/gi,
  // Headers, as they stand in messages and in JSON.
  /((?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?!\[redacted\])(?:[^\s"',;]{1,40}\s)?[^"'\r\n]{1,4000}/gi,
  /(x-amz-(?:security-token|signature)["']?\s{0,4}[:=]\s{0,4}["']?)[^\s"',;&<>]+/gi,
  /(\bAWS4-HMAC-SHA256 )[^"'\r\n]{1,4000}/g,
  /(\b(?:Bearer|Basic) )[A-Za-z0-9+/=._~-]{8,}/g,
  // Fields of credentials in JSON, XML, YAML and settings.
  /((?:secret_?access_?key|session_?token|aws_secret_key|client_?secret|private_?key|password|passwd)["']?\s{0,4}(?:[:=]|<?>)\s{0,4}["']?)[^\s"',;<>&]+/gi,
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,10000}(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?/g,
  // Ids of access keys: their kind stays.
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/g,
];

/** The text without what is secret in it. `environment` is the process's own, but for tests. */
export function withoutSecrets(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  let safe = text;
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || value.length < SHORTEST) continue;
    if (!SECRET_NAME.test(name) || NO_SECRET.test(name)) continue;
    for (const form of [value, encodeURIComponent(value)]) safe = safe.replaceAll(form, REDACTED);
  }
  for (const pattern of PATTERNS) {
    safe = safe.replace(pattern, (_, kept: unknown) =>
      typeof kept === 'string' ? `${kept}${REDACTED}` : REDACTED,
    );
  }
  return safe;
}

/** A value that the configuration says is secret may be short, but not a part of any word. */
const SHORTEST_NAMED = 6;

/** A function that takes the values of the named variables, and all that looks secret, out of a text. */
export function createRedactor(
  names: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): (text: string) => string {
  const values = names
    .map((name) => environment[name] ?? '')
    .filter((value) => value.length >= SHORTEST_NAMED)
    // One may be a part of another.
    .sort((one, other) => other.length - one.length);
  return (text) => {
    const safe = values.reduce((rest, value) => rest.replaceAll(value, REDACTED), text);
    return withoutSecrets(safe, environment);
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

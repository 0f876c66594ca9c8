/** Judging JSON by the schemas in `test/schemas`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';

const SCHEMAS = join(import.meta.dirname, '..', 'schemas');

export function schemaBytes(name: string): Buffer {
  return readFileSync(join(SCHEMAS, name));
}

function isUri(text: string, base?: string): boolean {
  return /^[\x21-\x7e]+$/.test(text) && URL.canParse(text, base);
}

/** A function that says what is wrong with a value by the schema, one line a mistake. */
export function judgeBy(schemaName: string): (value: unknown) => string[] {
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    formats: {
      'date-time': (text) => !Number.isNaN(Date.parse(text)),
      email: /^[^\s@]+@[^\s@]+$/,
      uri: (text) => isUri(text),
      'uri-reference': (text) => isUri(text, 'https://example.com/'),
    },
  });
  const validate = ajv.compile(JSON.parse(schemaBytes(schemaName).toString('utf8')));
  return (value) => {
    validate(value);
    return (validate.errors ?? []).map((one) => `${one.instancePath || '/'} ${one.message}`);
  };
}

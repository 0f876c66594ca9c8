/** The keys `engine`, `trino` and `athena` of the configuration: what enrichment, reports and queries run on. */
import { z } from 'zod';

export const engineName = z
  .enum(['duckdb', 'trino', 'athena'])
  .default('duckdb')
  .describe(
    'What enrichment, reports and queries run on; trino and athena need a lake in S3 and the key of their name',
  );

const name = z.string().regex(/^[a-z_][a-z0-9_]{0,63}$/, 'must be small letters, digits and _');

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const url = z.string().superRefine((text, context) => {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol) || parsed.pathname !== '/') {
    context.addIssue({ code: 'custom', message: 'must look like https://trino.example.com:8443' });
  } else if (parsed.username !== '' || parsed.password !== '') {
    context.addIssue({ code: 'custom', message: 'must hold no password; name password_env' });
  }
});

export const trino = z
  .strictObject({
    url: url.describe('The coordinator, such as https://trino.example.com:8443'),
    catalog: name.describe('Catalog of the Hive connector that reads the bucket of the lake'),
    schema: name
      .default('flowproof')
      .describe('Schema for the tables of the lake; <schema>_work beside it is for enrichment'),
    user: z.string().min(1).default('flowproof').describe('Who asks'),
    password_env: variable
      .optional()
      .describe('Environment variable that holds the password of the user'),
    token_env: variable
      .optional()
      .describe('Environment variable that holds a JSON Web Token, in the place of a password'),
  })
  .superRefine((entry, context) => {
    const secret = (['password_env', 'token_env'] as const).filter((key) => entry[key]);
    if (secret.length > 1) {
      context.addIssue({ code: 'custom', message: 'takes password_env or token_env, not both' });
    }
    const [key] = secret;
    if (!key || !URL.canParse(entry.url)) return;
    const { protocol, hostname } = new URL(entry.url);
    if (protocol === 'https:' || LOOPBACK.has(hostname)) return;
    context.addIssue({
      code: 'custom',
      path: ['url'],
      message: `must begin with https:// where ${key} is sent to it`,
    });
  });

export const athena = z.strictObject({
  workgroup: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,128}$/, 'must be the name of a workgroup')
    .describe('Workgroup; its own limit of bytes scanned holds too'),
  catalog: z.string().min(1).default('AwsDataCatalog').describe('Data catalog'),
  database: name
    .default('flowproof')
    .describe('Database for the tables of the lake; <database>_work beside it is for enrichment'),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS Region such as us-east-1')
    .optional()
    .describe('Region of the workgroup; that of the lake if absent'),
  role_arn: z
    .string()
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/\S{1,512}$/, 'is no ARN of a role')
    .optional()
    .describe('Role that asks; that of the lake if absent'),
  output: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/[^\s]*)?$/, 'must look like s3://bucket/prefix')
    .optional()
    .describe('Where Athena writes results, if the workgroup does not say'),
  result_reuse_minutes: z
    .number()
    .int()
    .min(0)
    .max(10_080)
    .optional()
    .describe('Results of the same statement that are not older are taken again; never if absent'),
  max_gigabytes_scanned: z
    .number()
    .positive()
    .optional()
    .describe('What all statements of a run may scan together; beyond it the run fails'),
});

type EngineKeys = {
  engine: z.infer<typeof engineName>;
  lake: string;
  trino?: unknown;
  athena?: unknown;
};

/** An engine needs the key of its name, and files that it can read. */
export function checkEngine(config: EngineKeys, context: z.RefinementCtx): void {
  const issue = (path: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [path], message });
  const { engine, lake } = config;
  for (const key of ['trino', 'athena'] as const) {
    const isGiven = config[key] !== undefined;
    if (isGiven && engine !== key) issue(key, `only goes with engine: ${key}`);
    if (!isGiven && engine === key) issue(key, `is needed with engine: ${key}`);
  }
  if (engine === 'duckdb') return;
  if (!lake.startsWith('s3://')) {
    issue('lake', `must be s3://bucket/prefix with engine: ${engine}, which reads and writes it`);
  }
}

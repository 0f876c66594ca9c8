/**
 * The configuration: YAML, checked whole before anything runs, every mistake reported at once with
 * its line. Relative paths are relative to the file.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isMap, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { FlowproofError, messageOf } from './errors.ts';

const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS Region such as us-east-1')
  .describe('AWS Region; needed with s3 and cloudwatch_logs');

const files = z.array(z.string().min(1)).min(1).describe('Glob patterns, relative to this file');

const s3 = z
  .string()
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/.*)?$/, 'must look like s3://bucket/prefix')
  .describe('Bucket and prefix');

const accountId = z
  .string()
  .regex(/^\d{12}$/, 'must be 12 digits, in quotes: "123456789012"')
  .describe('AWS account, where the path does not say it; in quotes');

const time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/, {
    error: 'must be a date such as 2026-11-01, or a UTC time such as 2026-11-01T00:00:00Z',
    abort: true,
  })
  .refine(isCalendarTime, 'is no date of the calendar');

/** JavaScript reads 30 February as 2 March. */
function isCalendarTime(text: string): boolean {
  const milliseconds = Date.parse(text);
  return (
    !Number.isNaN(milliseconds) &&
    new Date(milliseconds).toISOString().startsWith(text.slice(0, 10))
  );
}

const LOCATIONS = ['files', 's3', 'cloudwatch_logs'] as const;

/** Says which location keys an entry of a source list has, and that it needs exactly one. */
function checkLocation(
  entry: Readonly<Record<string, unknown>>,
  context: z.RefinementCtx,
  valid: readonly string[],
): void {
  const present = LOCATIONS.filter((key) => entry[key] !== undefined);
  if (present.length !== 1) {
    const found = present.length === 0 ? 'none of them' : present.join(' and ');
    context.addIssue({
      code: 'custom',
      message: `needs exactly one of ${valid.join(', ')} (found ${found})`,
    });
  }
  if (present.some((key) => key !== 'files') && entry.region === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['region'],
      message: `is needed with ${present.join()}`,
    });
  }
}

const flowLogSource = z
  .strictObject({
    files: files.optional(),
    s3: s3.optional(),
    cloudwatch_logs: z.string().min(1).optional().describe('Name of the log group'),
    region: region.optional(),
    account_id: accountId.optional(),
    flow_log_id: z
      .string()
      .regex(/^fl-[0-9a-f]{8,17}$/, 'must be a flow log id such as fl-0123456789abcdef0')
      .optional()
      .describe('Flow log that wrote it, where its path does not say'),
    format: z
      .string()
      .min(1)
      .optional()
      .describe('Fields of records without a header, as the LogFormat of the flow log has them'),
  })
  .superRefine((entry, context) =>
    checkLocation(entry, context, ['files', 's3', 'cloudwatch_logs']),
  );

const ipsEventSource = z
  .strictObject({
    files: files.optional(),
    s3: s3.optional(),
    region: region.optional(),
    utc_offset: z
      .string()
      .regex(/^[+-]\d{2}:\d{2}$/, 'must look like +02:00')
      .optional()
      .describe('Zone of syslog times that state none; UTC if absent'),
  })
  .superRefine((entry, context) => checkLocation(entry, context, ['files', 's3']));

const inventorySource = z
  .strictObject({
    files: files.optional(),
    s3: s3.optional(),
    region: region.optional(),
    account_id: accountId.optional(),
    taken_at: time.optional().describe('When it was taken, where neither path nor content say it'),
  })
  .superRefine((entry, context) => checkLocation(entry, context, ['files', 's3']));

const ids = z.array(z.string().min(1)).min(1);

const scope = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be made of lower-case letters, digits, - and _')
    .describe('Name shown in reports'),
  match: z
    .strictObject({
      account: ids.optional(),
      vpc: ids.optional(),
      subnet: ids.optional(),
      instance: ids.optional(),
      interface: ids.optional(),
      tag: z
        .record(z.string(), z.string())
        .optional()
        .describe('Tags of the interface, its instance, subnet or VPC; the nearer wins'),
    })
    .refine((match) => Object.keys(match).length > 0, 'needs at least one key')
    .describe('All keys must hold; of a list, one value'),
});

export const configSchema = z.strictObject({
  lake: z.string().min(1).describe('Folder of the lake'),
  output: z.string().min(1).describe('Folder of the evidence packs'),
  organization: z.string().min(1).optional().describe('Who is assessed; shown on the cover'),
  sources: z.strictObject({
    flow_logs: z.array(flowLogSource).min(1).describe('VPC flow logs'),
    ips_events: z.array(ipsEventSource).default([]).describe('Events of IPS and IDS agents'),
    inventory: z.array(inventorySource).default([]).describe('Saved describe-* output'),
  }),
  scope: z
    .array(scope)
    .min(1)
    .refine(
      (list) => new Set(list.map((entry) => entry.name)).size === list.length,
      'has a name twice',
    )
    .describe('What is assessed; an interface belongs to the first scope that matches'),
  period: z
    .strictObject({
      start: time.describe('First instant'),
      end: time.describe('First instant after it: half open'),
    })
    .refine((period) => !(Date.parse(period.start) >= Date.parse(period.end)), {
      message: 'must start before it ends',
    }),
  pack: z.string().min(1).default('pci-dss-4.0.1').describe('Which evidence pack to make'),
  allowance: z
    .strictObject({
      rejected_lines: z.number().int().min(0).default(0).describe('Lines that may be unreadable'),
      damaged_objects: z
        .number()
        .int()
        .min(0)
        .default(0)
        .describe('Objects that may be damaged or refused'),
    })
    .prefault({})
    .describe('What a run may refuse and still exit with 0; more is exit code 3'),
  metadata_max_age_hours: z
    .number()
    .positive()
    .default(24)
    .describe('How long the newest inventory snapshot is taken to hold'),
  memory_limit: z
    .string()
    .regex(/^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$/, 'must look like 2GB')
    .optional()
    .describe('Upper bound of the engine, such as 2GB'),
});

export type ConfigFile = z.infer<typeof configSchema>;
export type FlowLogSourceConfig = z.infer<typeof flowLogSource>;
export type IpsEventSourceConfig = z.infer<typeof ipsEventSource>;
export type InventorySourceConfig = z.infer<typeof inventorySource>;

/** The configuration as the program uses it: absolute folders, instants, and where it came from. */
export type Config = Omit<ConfigFile, 'period'> & {
  path: string;
  /** Folder that patterns are relative to. */
  folder: string;
  sha256: string;
  period: { start: Date; end: Date };
};

/** Reads and checks a file. Throws CONFIG_UNREADABLE, or CONFIG_INVALID with every mistake in it. */
export function readConfig(path: string): Config {
  const absolute = resolve(path);
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (thrown) {
    throw new FlowproofError('CONFIG_UNREADABLE', {
      place: path,
      problem: `the configuration cannot be read (${messageOf(thrown)})`,
      remedy: 'Name an existing file: flowproof run --config flowproof.yaml',
      cause: thrown,
    });
  }
  const checked = parseConfig(text, path);
  const folder = dirname(absolute);
  return {
    ...checked,
    lake: resolve(folder, checked.lake),
    output: resolve(folder, checked.output),
    period: { start: new Date(checked.period.start), end: new Date(checked.period.end) },
    path: absolute,
    folder,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/** Checks the text of a configuration; `path` is only for messages. */
export function parseConfig(text: string, path: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems: string[] = document.errors.map((error) => {
    const line = lines.linePos(error.pos[0]).line;
    return `line ${line}: ${error.message.split('\n', 1)[0]}`;
  });
  if (problems.length === 0) {
    const result = configSchema.safeParse(plainValue(document, path));
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      problems.push(...describeIssue(issue, document, lines));
    }
  }
  throw new FlowproofError('CONFIG_INVALID', {
    place: path,
    problem: `${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'}\n  - ${problems.join('\n  - ')}`,
    remedy:
      'Every key is explained in the README; `flowproof config-schema` prints a JSON Schema for editors.',
  });
}

type YamlDocument = ReturnType<typeof parseDocument>;

/** The document's value. Throws CONFIG_INVALID for an alias without an anchor, or far too many. */
function plainValue(document: YamlDocument, path: string): unknown {
  try {
    return document.toJS();
  } catch (thrown) {
    throw new FlowproofError('CONFIG_INVALID', {
      place: path,
      problem: `an alias (*name) cannot be followed: ${messageOf(thrown)}`,
      remedy: 'Define the anchor (&name) before it, or write the value out.',
      cause: thrown,
    });
  }
}

function describeIssue(
  issue: z.core.$ZodIssue,
  document: YamlDocument,
  lines: LineCounter,
): string[] {
  const at = (path: readonly PropertyKey[]): string => {
    const line = lineOf(document, path, lines);
    return `${line === undefined ? '' : `line ${line}: `}${pathText(path) || 'the file'}`;
  };
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `${at([...issue.path, key])}: unknown key (valid here: ${validKeys(issue.path)})`,
    );
  }
  const value = document.getIn(issue.path as unknown[], false);
  const isScalar = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  const found =
    value === undefined ? 'missing' : isScalar ? JSON.stringify(value) : 'a list or map';
  const message =
    issue.code === 'custom' ? issue.message : issue.message.replace(/^Invalid input: /, '');
  const shown = issue.code === 'custom' && !isScalar ? '' : ` (found: ${found})`;
  return [`${at(issue.path)}: ${message}${shown}`];
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** The line of the nearest node that exists on the way to the path. */
function lineOf(
  document: YamlDocument,
  path: readonly PropertyKey[],
  lines: LineCounter,
): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1) as unknown[], true);
    const key = path[length - 1];
    const pair = isMap(parent)
      ? parent.items.find((item) => String(item.key) === String(key))
      : undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, length) as unknown[], true);
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    if (range) return lines.linePos(range[0]).line;
  }
  return undefined;
}

/** The keys that the schema knows at a path. */
function validKeys(path: readonly PropertyKey[]): string {
  type Node = { properties?: Record<string, Node>; items?: Node };
  let node: Node | undefined = configJsonSchema() as Node;
  for (const part of path) {
    node = typeof part === 'number' ? node?.items : node?.properties?.[String(part)];
  }
  return Object.keys(node?.properties ?? {}).join(', ');
}

/** The JSON Schema of the configuration, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>;
}

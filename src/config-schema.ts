/**
 * The keys of the configuration, their meaning and their limits: what the README's example may say.
 *
 * The file is long because it is a list: a key is looked up here, and nowhere else.
 */
import { z } from 'zod';
import { allowedServices, cardDataStores, checkScopeNames } from './control-schema.ts';
import { athena, checkEngine, engineName, trino } from './engines/engine-schema.ts';
import { duckdbExtensions, lakeRead } from './lake-read-schema.ts';
import { metrics } from './metrics-schema.ts';
import { expectedEveryHours, notifications } from './notify-schema.ts';
import { queryLimits } from './query-limits-schema.ts';
import { retention } from './retention-schema.ts';
import { PERIOD_KEYS, schedule } from './schedule-schema.ts';
import { day, time } from './time-schema.ts';

const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS Region such as us-east-1')
  .describe('AWS Region; needed with s3 and cloudwatch_logs');

const files = z
  .array(z.string().min(1))
  .min(1)
  .describe('Glob patterns, relative to this file; "-" is standard input');

const s3 = z
  .string()
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/.*)?$/, 'must look like s3://bucket/prefix')
  .describe('Bucket and prefix');

const roleArn = z
  .string()
  .regex(
    /^arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    'must be the ARN of a role, such as arn:aws:iam::123456789012:role/flowproof',
  )
  .describe('Role to assume, such as that of another account; with s3 and cloudwatch_logs');

const externalId = z
  .string()
  .regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1224 letters, digits and +=,.@:/-')
  .describe('External id that the trust policy of the role asks for');

const requesterPays = z.boolean().describe('True if whoever reads the bucket pays for it; with s3');

const logGroup = z.string().min(1).describe('Name of the log group');

const lookBackHours = z
  .number()
  .positive()
  .max(336)
  .describe('How late events may arrive in CloudWatch Logs and still be found; 24 if absent');

const accountId = z
  .string()
  .regex(/^\d{12}$/, 'must be 12 digits, in quotes: "123456789012"')
  .describe('AWS account, where the path does not say it; in quotes');

const LOCATIONS = ['files', 's3', 'cloudwatch_logs', 'ec2'] as const;

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
  const needsRegion = present.some((key) => key === 's3' || key === 'cloudwatch_logs');
  if (needsRegion && entry.region === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['region'],
      message: `is needed with ${present.join()}`,
    });
  }
  for (const [key, locations] of Object.entries(BELONGS_TO)) {
    if (entry[key] === undefined || locations.some((name) => entry[name] !== undefined)) continue;
    context.addIssue({
      code: 'custom',
      path: [key],
      message: `only goes with ${locations.join(' or ')}`,
    });
  }
}

/** Keys of an entry that mean nothing without another. */
const BELONGS_TO: Readonly<Record<string, readonly string[]>> = {
  role_arn: ['s3', 'cloudwatch_logs', 'ec2'],
  external_id: ['role_arn'],
  requester_pays: ['s3'],
  look_back_hours: ['cloudwatch_logs'],
};

const flowLogSource = z
  .strictObject({
    files: files.optional(),
    s3: s3.optional(),
    cloudwatch_logs: logGroup.optional(),
    region: region.optional(),
    role_arn: roleArn.optional(),
    external_id: externalId.optional(),
    requester_pays: requesterPays.optional(),
    look_back_hours: lookBackHours.optional(),
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
    cloudwatch_logs: logGroup.optional(),
    region: region.optional(),
    role_arn: roleArn.optional(),
    external_id: externalId.optional(),
    requester_pays: requesterPays.optional(),
    look_back_hours: lookBackHours.optional(),
    utc_offset: z
      .string()
      .regex(/^[+-]\d{2}:\d{2}$/, 'must look like +02:00')
      .optional()
      .describe('Zone of syslog times that state none; UTC if absent'),
  })
  .superRefine((entry, context) =>
    checkLocation(entry, context, ['files', 's3', 'cloudwatch_logs']),
  );

const cloudTrailSource = z
  .strictObject({
    files: files.optional(),
    s3: s3.optional(),
    cloudwatch_logs: logGroup.optional(),
    region: region.optional(),
    role_arn: roleArn.optional(),
    external_id: externalId.optional(),
    requester_pays: requesterPays.optional(),
    look_back_hours: lookBackHours.optional(),
  })
  .superRefine((entry, context) =>
    checkLocation(entry, context, ['files', 's3', 'cloudwatch_logs']),
  );

const inventorySource = z
  .strictObject({
    files: files.optional(),
    s3: s3.optional(),
    ec2: z
      .array(region.describe('AWS Region'))
      .min(1)
      .optional()
      .describe('AWS Regions to ask the EC2 API of, once a run'),
    region: region.optional(),
    role_arn: z
      .union([roleArn, z.array(roleArn).min(1)])
      .optional()
      .describe('Role to assume; with ec2 also a list of them, one an account'),
    external_id: externalId.optional(),
    requester_pays: requesterPays.optional(),
    account_id: accountId.optional(),
    taken_at: time.optional().describe('When it was taken, where neither path nor content say it'),
  })
  .superRefine((entry, context) => {
    checkLocation(entry, context, ['files', 's3', 'ec2']);
    if (!entry.ec2 && Array.isArray(entry.role_arn)) {
      context.addIssue({
        code: 'custom',
        path: ['role_arn'],
        message: 'can be a list with ec2 only: write an entry for each role',
      });
    }
    if (!entry.ec2) return;
    const unused = [
      ...['region', 'taken_at'],
      ...(entry.role_arn === undefined ? [] : ['account_id']),
    ];
    for (const key of unused.filter((name) => entry[name as keyof typeof entry] !== undefined)) {
      context.addIssue({ code: 'custom', path: [key], message: UNUSED_MESSAGES[key] ?? '' });
    }
  });

/** Why a key of an inventory entry has no use beside ec2. */
const UNUSED_MESSAGES: Readonly<Record<string, string>> = {
  region: 'has no use with ec2, which lists the Regions itself',
  taken_at: 'has no use with ec2: a pull knows its time',
  account_id: 'has no use with role_arn, which names the account',
};

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

const signature = z
  .strictObject({
    key_file: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of an Ed25519 private key, relative to this file'),
    kms_key: z
      .string()
      .regex(
        /^(arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(key|alias)\/[\w/-]+|alias\/[\w/-]+|(mrk-)?[0-9a-f-]{32,36})$/,
        'must be the id or ARN of a KMS key, or an alias such as alias/flowproof',
      )
      .optional()
      .describe('Key of AWS KMS (ECC_NIST_P256): id, ARN or alias'),
    region: region.optional().describe('AWS Region of a KMS key that is not given as an ARN'),
  })
  .superRefine((entry, context) => {
    const issue = (message: string, path: string[] = []): void =>
      context.addIssue({ code: 'custom', path, message });
    const { key_file: file, kms_key: key } = entry;
    if ((file === undefined) === (key === undefined)) {
      issue(`needs exactly one of key_file, kms_key (found ${file ? 'both' : 'none of them'})`);
    }
    if (key !== undefined && !key.startsWith('arn:') && entry.region === undefined) {
      issue('is needed with a kms_key that is no ARN', ['region']);
    }
    if (key === undefined && entry.region !== undefined)
      issue('only goes with kms_key', ['region']);
    if (key?.startsWith('arn:') && entry.region !== undefined) {
      issue('has no use with an ARN, which names the Region', ['region']);
    }
  });

export const configSchema = z
  .strictObject({
    lake: z
      .string()
      .min(1)
      .describe(
        'Folder of the lake; or s3://bucket/prefix, of which a folder of this machine is a copy',
      ),
    output: z.string().min(1).describe('Folder of the evidence packs'),
    organization: z.string().min(1).optional().describe('Who is assessed; shown on the cover'),
    lake_region: region
      .optional()
      .describe('Region of the bucket of the lake; AWS_REGION if absent'),
    lake_role_arn: z
      .string()
      .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/\S{1,512}$/, 'is no ARN of a role')
      .optional()
      .describe('Role that reads and writes the bucket of the lake'),
    lake_copy: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Folder for the copy of a lake in S3; below the cache folder of the user if absent',
      ),
    engine: engineName,
    trino: trino.optional().describe('The Trino of `engine: trino`'),
    athena: athena.optional().describe('The Athena of `engine: athena`'),
    lake_read: lakeRead,
    duckdb_extensions: duckdbExtensions,
    sources: z
      .strictObject({
        flow_logs: z.array(flowLogSource).min(1).describe('VPC flow logs'),
        ips_events: z.array(ipsEventSource).default([]).describe('Events of IPS and IDS agents'),
        cloudtrail: z
          .array(cloudTrailSource)
          .default([])
          .describe('CloudTrail: who changed security groups, network ACLs and flow logs'),
        inventory: z
          .array(inventorySource)
          .default([])
          .describe(
            'Interfaces, groups, rules and what else describes the network: saved describe-* output, AWS Config, or the EC2 API',
          ),
      })
      .refine(
        (sources) =>
          Object.values(sources)
            .flat()
            .flatMap(({ files = [] }) => files)
            .filter((pattern) => pattern === '-').length <= 1,
        'standard input ("-") can be read once only',
      ),
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
        start: day.describe('First day, UTC'),
        end: day.describe('First day after it: half open'),
      })
      .refine((period) => !(Date.parse(period.start) >= Date.parse(period.end)), {
        message: 'must start before it ends',
      })
      .optional()
      .describe('What the packs cover; or, in its place, a schedule'),
    schedule: schedule.optional(),
    pack: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe(
        'Which evidence pack to make, or a list of several; pci-dss-4.0.1 if absent. Not with a schedule, which names its packs',
      ),
    queries: z
      .string()
      .min(1)
      .optional()
      .describe('Folder with own reports/ (SQL) and packs/ (YAML), used like the built-in ones'),
    exceptions: z
      .string()
      .min(1)
      .optional()
      .describe('YAML file of exceptions: findings that were accepted, by whom and until when'),
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
    limits: z
      .strictObject({
        max_expansion: z
          .number()
          .int()
          .min(1)
          .default(250)
          .describe(
            'Decompressed bytes for each compressed byte at which an object is read no further; gzip reaches 1032',
          ),
      })
      .prefault({})
      .describe('When an object is taken for harmful'),
    metadata_max_age_hours: z
      .number()
      .positive()
      .default(24)
      .describe('How long the newest inventory snapshot is taken to hold'),
    metadata_backdate_hours: z
      .number()
      .min(0)
      .default(0)
      .describe(
        'How long before it was first seen the first known state of a resource counts, and is marked back_dated; 0: not at all',
      ),
    event_clock_tolerance_seconds: z
      .number()
      .int()
      .min(0)
      .max(1800)
      .default(60)
      .describe(
        'How far the clocks of IPS agents may be off when their events are matched with flows, beside the 60 seconds of the flow log',
      ),
    signature: signature.optional().describe('Who signs the packs; absent: they are not signed'),
    allowed_services: allowedServices,
    card_data_stores: cardDataStores,
    change_ticket_tag: z
      .string()
      .min(1)
      .optional()
      .describe('Tag of a security group whose value names the ticket of its last change'),
    notifications,
    expected_every_hours: expectedEveryHours,
    metrics,
    memory_limit: z
      .string()
      .regex(/^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$/, 'must look like 2GB')
      .optional()
      .describe('Upper bound of the engine, such as 2GB'),
    query_limits: queryLimits,
    retention: retention.optional(),
  })
  .superRefine(checkScopeNames)
  .superRefine(checkEngine)
  .refine(...PERIOD_KEYS.isGiven)
  .refine(...PERIOD_KEYS.isOne)
  .refine(...PERIOD_KEYS.hasOnePlaceForPacks);

export type ConfigFile = z.infer<typeof configSchema>;
export type FlowLogSourceConfig = z.infer<typeof flowLogSource>;
export type IpsEventSourceConfig = z.infer<typeof ipsEventSource>;
export type InventorySourceConfig = z.infer<typeof inventorySource>;

/** The JSON Schema of the configuration, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>;
}

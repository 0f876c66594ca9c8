// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are placeholders of CloudFormation and IAM.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/config.ts';
import { crontabCommand } from '../../src/units/cron.ts';
import { cronFields, parseEvery } from '../../src/units/every.ts';
import { outermost, readFolders } from '../../src/units/places.ts';
import { commandWord, unitWord } from '../../src/units/systemd.ts';
import type { UnitInput } from '../../src/units/unit-file.ts';
import { type Scheduler, unitFiles, unitText } from '../../src/units/units.ts';

/** A path as bad as a file system takes it, but for line ends. */
const AWKWARD = `a b%c$d'e"f\\g`;

const SOURCES = `sources:
  flow_logs:
    - files: [logs/**/*.gz]
`;

const ALL_SOURCES = `sources:
  flow_logs:
    - s3: s3://example-flow-logs/AWSLogs/
      region: us-east-1
    - cloudwatch_logs: /vpc/flow-logs
      region: us-east-1
    - cloudwatch_logs: /vpc/declared
      region: us-east-1
      format: version account-id
    - s3: s3://example-central-logs/odd*\${aws:username}
      region: eu-west-1
      role_arn: arn:aws:iam::123456789012:role/flowproof-reader
  ips_events:
    - cloudwatch_logs: /network-firewall/alert
      region: us-east-1
  inventory:
    - ec2: [us-east-1, eu-west-1]
      role_arn: arn:aws:iam::123456789012:role/flowproof-inventory
signature: { kms_key: alias/flowproof, region: us-east-1 }
notifications:
  - { webhook: "https://hooks.example.com/x", secret_env: HOOK_SECRET }
  - { sns: "arn:aws:sns:us-east-1:123456789012:flowproof" }
  - email: { from: flowproof@example.com, to: [audit@example.com], ses: { region: us-east-1 } }
`;

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flowproof-units-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function inputOf(more: string, folder = root, changes: Partial<UnitInput> = {}): UnitInput {
  mkdirSync(folder, { recursive: true });
  const configText = `lake: lake
output: evidence
scope:
  - { name: cde, match: { vpc: [vpc-0123456789abcdef0] } }
period: { start: 2026-11-01, end: 2026-11-02 }
${more}`;
  writeFileSync(join(folder, 'flowproof.yaml'), configText);
  return {
    config: readConfig(join(folder, 'flowproof.yaml')),
    configText,
    fileTexts: new Map(),
    program: [process.execPath, '/opt/flow proof/cli.js'],
    every: { kind: 'hourly', minute: 17 },
    image: 'registry.example.com/flowproof:0.1.0',
    ...changes,
  };
}

function filesOf(scheduler: Scheduler, input: UnitInput): Map<string, string> {
  return new Map(unitFiles(scheduler, input).map(({ name, text }) => [name, text]));
}

describe('--every', () => {
  test.each([
    ['hourly', '17 * * * *'],
    ['daily at 02:30', '30 2 * * *'],
    ['daily@23:05', '5 23 * * *'],
  ])('%s', (text, fields) => {
    const every = parseEvery(text);
    expect(every && cronFields(every)).toBe(fields);
  });

  test.each(['', 'daily', 'daily at 24:00', 'daily at 2:30', 'weekly', 'hourly; rm'])(
    '%s is refused',
    (text) => expect(parseEvery(text)).toBeUndefined(),
  );
});

describe('systemd', () => {
  /** The lines of a section, by key. */
  function sectionOf(text: string, name: string): Map<string, string[]> {
    const values = new Map<string, string[]>();
    let section = '';
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [, header] = /^\[(\w+)\]$/.exec(line) ?? [];
      section = header ?? section;
      const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (header === undefined && key === '') throw new Error(`neither header nor key: ${line}`);
      if (section === name && key !== '') values.set(key, [...(values.get(key) ?? []), value]);
    }
    return values;
  }

  /** The words of a line as systemd reads them: quotes, escapes, then specifiers and variables. */
  function wordsOf(line: string): string[] {
    return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) =>
      word.replace(/\\(.)/g, '$1').replaceAll('%%', '%').replaceAll('$$', '$'),
    );
  }

  test('has a service that reaches its folders alone, and a timer', () => {
    const folder = join(root, AWKWARD);
    const files = filesOf('systemd', inputOf(SOURCES, folder));
    expect([...files.keys()]).toEqual(['flowproof.service', 'flowproof.timer']);
    const service = sectionOf(files.get('flowproof.service') ?? '', 'Service');
    expect(wordsOf(service.get('ExecStart')?.[0] ?? '')).toEqual([
      ...[process.execPath, '/opt/flow proof/cli.js'],
      ...['run', '--config', join(folder, 'flowproof.yaml'), '--quiet'],
    ]);
    expect(service.get('ReadWritePaths')?.flatMap(wordsOf)).toEqual([
      join(folder, 'evidence'),
      join(folder, 'lake'),
    ]);
    const single = (key: string) => service.get(key)?.join();
    expect(single('Type')).toBe('oneshot');
    expect(single('SuccessExitStatus')).toBe('3 5 143');
    expect(single('ProtectSystem')).toBe('strict');
    expect(Number(single('TimeoutStopSec'))).toBeGreaterThan(30);
    // Node compiles as it runs: this one would stop it.
    expect(service.has('MemoryDenyWriteExecute')).toBe(false);
    const timer = sectionOf(files.get('flowproof.timer') ?? '', 'Timer');
    expect(timer.get('OnCalendar')).toEqual(['*-*-* *:17:00 UTC']);
    expect(timer.get('Persistent')).toEqual(['true']);
    expect(timer.has('RandomizedDelaySec')).toBe(true);
  });

  test('asks for an environment only where the configuration names secrets', () => {
    const unit = (more: string) => filesOf('systemd', inputOf(more)).get('flowproof.service') ?? '';
    expect(unit(SOURCES)).not.toContain('EnvironmentFile');
    expect(unit(ALL_SOURCES)).toMatch(/^# Sets HOOK_SECRET; .*\nEnvironmentFile=\/etc\//m);
  });

  test('hides temporary folders only where nothing lies in them', () => {
    const unit = (folder: string) => {
      const input = inputOf(SOURCES);
      const config = { ...input.config, folder, lake: `${folder}/lake`, output: `${folder}/out` };
      return filesOf('systemd', { ...input, config }).get('flowproof.service') ?? '';
    };
    expect(unit('/srv/flowproof')).toContain('PrivateTmp=true');
    expect(unit('/tmp/flowproof')).not.toContain('PrivateTmp');
  });

  test('a daily timer has its hour', () => {
    const every = parseEvery('daily at 02:05');
    const input = inputOf(SOURCES, root, every ? { every } : {});
    expect(filesOf('systemd', input).get('flowproof.timer')).toContain(
      'OnCalendar=*-*-* 02:05:00 UTC',
    );
  });

  test('words are quoted', () => {
    expect(unitWord('a"b\\c%d$e')).toBe('"a\\"b\\\\c%%d$e"');
    expect(commandWord('$HOME')).toBe('"$$HOME"');
  });

  const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

  // Where it is not installed, the integration suite fetches it.
  test.runIf(hasAnalyze)('systemd-analyze finds nothing wrong with them', () => {
    const folder = join(root, AWKWARD);
    for (const more of [SOURCES, ALL_SOURCES]) {
      const paths = [...filesOf('systemd', inputOf(more, folder))].map(([name, text]) => {
        writeFileSync(join(root, name), text);
        return join(root, name);
      });
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], {
        encoding: 'utf8',
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    }
  });
});

describe('cron', () => {
  /** What cron gives to the shell: up to the first `%` that has no backslash, which it takes off. */
  function shellCommandOf(line: string): string {
    const [, command = ''] = /^(?:\S+ ){5}(.*)$/.exec(line) ?? [];
    const [first = ''] = /^(?:[^%\\]|\\[\s\S])*/.exec(command) ?? [];
    if (first.length < command.length) throw new Error(`it is cut off: ${first}`);
    return command.replaceAll('\\%', '%');
  }

  test('has one line, whose command survives cron and the shell', () => {
    const folder = join(root, AWKWARD.replace('\\', ''));
    const program = ['/usr/bin/printf', '%s\\n'];
    const [text = ''] = filesOf('cron', inputOf(SOURCES, folder, { program })).values();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^17 \* \* \* \* umask 077; /);
    const command = shellCommandOf(lines[0] ?? '').replace(/ >\/dev\/null$/, '');
    const said = execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' });
    expect(said).toBe(
      ['run', '--config', join(folder, 'flowproof.yaml'), '--quiet', ''].join('\n'),
    );
  });

  test('says that no flock is needed, and which secrets to set', () => {
    const [text = ''] = filesOf('cron', inputOf(ALL_SOURCES)).values();
    expect(text).toMatch(/^# .*No flock is needed: the lake has a lock/m);
    expect(text).toContain('HOOK_SECRET');
  });

  test('a percent sign is escaped within quotes', () => {
    expect(crontabCommand(["a%b'c"])).toBe("'a\\%b'\\''c'");
  });
});

describe('Kubernetes', () => {
  type Document = { kind: string; metadata: { name: string }; [key: string]: unknown };

  function documentsOf(input: UnitInput): Document[] {
    const [text = ''] = filesOf('k8s', input).values();
    expect(text).not.toMatch(/[&*]a\d/);
    return parseAllDocuments(text, { version: '1.1' }).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Document;
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested.
  const cronJobOf = (documents: Document[]): any =>
    documents.find(({ kind }) => kind === 'CronJob')?.spec;

  test('is a CronJob that runs one at a time, without rights, on volumes for what it writes', () => {
    const folder = join(root, AWKWARD);
    const input = inputOf(SOURCES, folder);
    const documents = documentsOf(input);
    const job = cronJobOf(documents);
    expect(job).toMatchObject({
      schedule: '17 * * * *',
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Forbid',
    });
    const pod = job.jobTemplate.spec.template.spec;
    expect(pod).toMatchObject({
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    const [container] = pod.containers;
    expect(container).toMatchObject({
      image: input.image,
      command: ['flowproof'],
      args: ['run', '--config', join(folder, 'flowproof.yaml').replaceAll('$', '$$$$'), '--quiet'],
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    const mounts = new Map<string, { name: string; readOnly?: boolean; subPath?: string }>(
      container.volumeMounts.map((mount: { mountPath: string }) => [mount.mountPath, mount]),
    );
    expect(mounts.get(join(folder, 'lake'))).toEqual({
      name: 'flowproof-lake',
      mountPath: join(folder, 'lake'),
    });
    expect(mounts.get(join(folder, 'evidence'))?.name).toBe('flowproof-output');
    expect(mounts.get(join(folder, 'logs'))).toMatchObject({ readOnly: true });
    expect(mounts.get(join(folder, 'flowproof.yaml'))).toMatchObject({
      name: 'config',
      subPath: 'flowproof.yaml',
      readOnly: true,
    });
    const volumes = new Set(pod.volumes.map(({ name }: { name: string }) => name));
    for (const { name } of mounts.values()) expect(volumes).toContain(name);
    const claims = documents.filter(({ kind }) => kind === 'PersistentVolumeClaim');
    expect(claims.map(({ metadata }) => metadata.name).sort()).toEqual([
      'flowproof-input-1',
      'flowproof-lake',
      'flowproof-output',
    ]);
    expect(documents.find(({ kind }) => kind === 'ConfigMap')?.data).toEqual({
      'flowproof.yaml': input.configText,
    });
  });

  test('brings secrets from a Secret, the key of packs and the exceptions to their places', () => {
    const more = `${SOURCES}signature: { key_file: keys/key.pem }
notifications:
  - { webhook: "env:HOOK_URL", secret_env: HOOK_SECRET }
`;
    const exceptions = join(root, 'accepted findings.yaml');
    const documents = documentsOf(
      inputOf(more, root, { fileTexts: new Map([[exceptions, 'exceptions: []\n']]) }),
    );
    const pod = cronJobOf(documents).jobTemplate.spec.template.spec;
    const [container] = pod.containers;
    expect(container.env).toEqual(
      ['HOOK_SECRET', 'HOOK_URL'].map((name) => ({
        name,
        valueFrom: { secretKeyRef: { name: 'flowproof-secrets', key: name } },
      })),
    );
    const paths = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    expect(paths).toEqual(expect.arrayContaining([join(root, 'keys/key.pem'), exceptions]));
    // What may be changed by others, or used by all, is refused as a signing key.
    const { secret } = pod.volumes.find(({ name }: { name: string }) => name === 'key');
    expect(secret.defaultMode & 0o027).toBe(0);
    const map = documents.find(({ kind }) => kind === 'ConfigMap')?.data;
    expect(map).toMatchObject({ '1-accepted_findings.yaml': 'exceptions: []\n' });
  });

  test('needs an image', () => {
    expect(() => unitFiles('k8s', inputOf(SOURCES, root, { image: undefined }))).toThrow(/--image/);
  });
});

describe('EventBridge', () => {
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested.
  function templateOf(input: UnitInput): any {
    const [text = ''] = filesOf('eventbridge', input).values();
    return parse(text, { version: '1.1' });
  }

  type Statement = { Sid?: string; Action: string[]; Resource: unknown; Condition?: unknown };

  const statementsOf = (template: ReturnType<typeof templateOf>): Statement[] =>
    template.Resources.TaskRole.Properties.Policies[0].PolicyDocument.Statement.filter(
      (statement: Statement) => statement.Sid !== undefined,
    );

  test('runs the task by a schedule with a role that may start it and nothing else', () => {
    const { Resources: resources } = templateOf(inputOf(ALL_SOURCES));
    const { Properties: schedule } = resources.Schedule;
    expect(schedule).toMatchObject({
      ScheduleExpression: 'cron(17 * * * ? *)',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE' },
      Target: {
        RoleArn: { 'Fn::GetAtt': ['SchedulerRole', 'Arn'] },
        EcsParameters: { LaunchType: 'FARGATE', TaskDefinitionArn: { Ref: 'TaskDefinition' } },
      },
    });
    const start = resources.SchedulerRole.Properties.Policies[0].PolicyDocument.Statement;
    expect(start.map(({ Action }: Statement) => Action)).toEqual([
      ['ecs:RunTask'],
      ['iam:PassRole'],
    ]);
    const [container] = resources.TaskDefinition.Properties.ContainerDefinitions;
    expect(container).toMatchObject({
      ReadonlyRootFilesystem: true,
      Command: ['run', '--config', join(root, 'flowproof.yaml'), '--quiet'],
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      Secrets: [{ Name: 'HOOK_SECRET', ValueFrom: { Ref: 'SecretHOOKx5fSECRET' } }],
    });
  });

  test('every name that the template refers to is in it', () => {
    const template = templateOf(inputOf(ALL_SOURCES));
    const known = new Set([
      ...Object.keys(template.Resources),
      ...Object.keys(template.Parameters),
      ...Object.keys(template.Conditions),
    ]);
    const check = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        const names =
          key === 'Ref'
            ? [String(value)]
            : key === 'Fn::GetAtt' || key === 'Fn::If'
              ? [String((value as unknown[])[0])]
              : key === 'Fn::Sub'
                ? [...String(value).matchAll(/\$\{([^!][^}]*)\}/g)].map(([, name = '']) => name)
                : [];
        for (const name of names) if (!name.startsWith('AWS::')) expect(known).toContain(name);
        check(value);
      }
    };
    check(template);
  });

  const arn = (rest: string) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:${rest}` });

  test('grants the task exactly what the README names for the sources', () => {
    const template = templateOf(inputOf(ALL_SOURCES));
    const group = 'logs:us-east-1:${AWS::AccountId}:log-group:';
    expect(statementsOf(template).map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [['s3:ListBucket'], [arn('s3:::example-flow-logs')]],
      [['s3:GetObject'], [arn('s3:::example-flow-logs/AWSLogs/*')]],
      [['logs:FilterLogEvents'], [arn(`${group}/vpc/flow-logs`), arn(`${group}/vpc/flow-logs:*`)]],
      [['ec2:DescribeFlowLogs'], ['*']],
      [['logs:FilterLogEvents'], [arn(`${group}/vpc/declared`), arn(`${group}/vpc/declared:*`)]],
      [
        ['logs:FilterLogEvents'],
        [arn(`${group}/network-firewall/alert`), arn(`${group}/network-firewall/alert:*`)],
      ],
      [
        ['sts:AssumeRole'],
        [
          'arn:aws:iam::123456789012:role/flowproof-inventory',
          'arn:aws:iam::123456789012:role/flowproof-reader',
        ],
      ],
      [['kms:GetPublicKey', 'kms:Sign'], [arn('kms:us-east-1:${AWS::AccountId}:key/*')]],
      [['sns:Publish'], ['arn:aws:sns:us-east-1:123456789012:flowproof']],
      [['ses:SendEmail'], [arn('ses:us-east-1:${AWS::AccountId}:identity/*')]],
    ]);
    const conditions = statementsOf(template).map(({ Condition }) => Condition);
    expect(conditions).toEqual(
      expect.arrayContaining([
        { StringEquals: { 'kms:RequestAlias': 'alias/flowproof' } },
        { StringEquals: { 'ses:FromAddress': ['flowproof@example.com'] } },
      ]),
    );
  });

  test('names what the assumed roles need, with wildcards of names taken literally', () => {
    const roles = templateOf(inputOf(ALL_SOURCES)).Metadata.PermissionsOfAssumedRoles;
    const reader = roles['arn:aws:iam::123456789012:role/flowproof-reader'];
    expect(reader.map(({ Action, Resource }: Statement) => [Action, Resource])).toEqual([
      [['s3:ListBucket'], ['arn:aws:s3:::example-central-logs']],
      [['s3:GetObject'], ['arn:aws:s3:::example-central-logs/odd${*}${$}{aws:username}*']],
    ]);
    const [inventory] = roles['arn:aws:iam::123456789012:role/flowproof-inventory'];
    expect(inventory.Action).toHaveLength(12);
    expect(inventory.Condition.StringEquals['aws:RequestedRegion']).toEqual([
      'eu-west-1',
      'us-east-1',
    ]);
  });

  test('a name that looks like a placeholder of the template is not one', () => {
    const more = ALL_SOURCES.replace('AWSLogs/', 'AWS${AWS::Region}/');
    const get = statementsOf(templateOf(inputOf(more)))[1];
    expect(get?.Resource).toEqual([arn('s3:::example-flow-logs/AWS${!$}{AWS::Region}/*')]);
  });

  test('only reads: no permission of it changes anything but by what was configured', () => {
    const actions = statementsOf(templateOf(inputOf(ALL_SOURCES))).flatMap(({ Action }) => Action);
    const changing = actions.filter((name) => !/:(List|Get|Describe|Filter)/.test(name));
    expect(changing).toEqual(['sts:AssumeRole', 'kms:Sign', 'sns:Publish', 'ses:SendEmail']);
  });

  test('the root folder cannot be mounted', () => {
    const input = inputOf(SOURCES);
    const config = { ...input.config, lake: '/' };
    expect(() => unitFiles('eventbridge', { ...input, config })).toThrow(/root folder/);
  });
});

describe('every scheduler', () => {
  test.each<Scheduler>(['systemd', 'cron', 'k8s', 'eventbridge'])(
    '%s refuses a line end in a path',
    (scheduler) => {
      const folder = join(root, 'a\nExecStartPre=touch b');
      expect(() => unitFiles(scheduler, inputOf(SOURCES, folder))).toThrow(/control character/);
    },
  );

  test.each<Scheduler>(['systemd', 'cron', 'k8s', 'eventbridge'])(
    '%s gives the same text twice',
    (scheduler) => {
      const text = () => unitText(unitFiles(scheduler, inputOf(ALL_SOURCES)));
      expect(text()).toBe(text());
    },
  );

  test('folders within others are left out', () => {
    expect(outermost(['/a/b', '/a', '/ab', '/a/b/c', '/ab'])).toEqual(['/a', '/ab']);
  });
});

test('a unit reaches the extensions of DuckDB that the configuration names', () => {
  const path = join(root, 'in-place.yaml');
  const keys = 'lake: s3://example-lake/a\nlake_region: us-east-1\nduckdb_extensions: extensions';
  const scope = 'scope: [{ name: cde, match: { vpc: [vpc-0123456789abcdef0] } }]';
  const period = 'period: { start: 2026-11-01, end: 2026-12-01 }';
  writeFileSync(path, `${keys}\noutput: evidence\n${SOURCES}${scope}\n${period}\n`);
  expect(readFolders(readConfig(path))).toContain(join(root, 'extensions'));
});

/**
 * A CronJob of Kubernetes (batch/v1) with what it needs. Every path is what it is on this machine, so
 * that the configuration is the same; folders that are written are claims of volumes.
 */
import { basename, resolve } from 'node:path';
import { FlowproofError } from '../errors.ts';
import { secretVariables } from '../notify-schema.ts';
import { cronFields } from './every.ts';
import { isWithin, readFolders, writtenFolders } from './places.ts';
import type { UnitFile, UnitInput } from './unit-file.ts';
import { yamlText } from './yaml-text.ts';

const NAME = 'flowproof';
const USER = 1000;

type Volume = { name: string; path: string; isReadOnly: boolean };

export function kubernetesFiles(input: UnitInput): UnitFile[] {
  const { config, image } = input;
  if (image === undefined) {
    throw new FlowproofError('USAGE', {
      place: 'flowproof schedule --print k8s',
      problem: 'no container image was named',
      remedy:
        'Name one that has flowproof on its path: --image registry.example.com/flowproof:0.1.0',
    });
  }
  const volumes = claimedVolumes(input);
  const labels = { 'app.kubernetes.io/name': NAME };
  const keyFile = config.signature?.key_file;
  const documents = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, labels } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME, labels },
      data: Object.fromEntries(configFiles(input).map(({ key, text }) => [key, text])),
    },
    ...volumes.map(({ name }) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, labels },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '100Gi' } } },
    })),
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: NAME, labels },
      spec: {
        schedule: cronFields(input.every),
        timeZone: 'Etc/UTC',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: 1800,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          spec: {
            backoffLimit: 0,
            template: { metadata: { labels }, spec: podSpec(input, image, volumes) },
          },
        },
      },
    },
  ];
  const secrets = secretVariables(config.notifications);
  const head = [
    '# flowproof as a CronJob. Set the size and class of the volumes, and give the ServiceAccount the AWS',
    '# permissions of the README (IAM roles for service accounts, or EKS Pod Identity).',
    ...volumes
      .filter(({ isReadOnly }) => isReadOnly)
      .map(
        ({ name, path }) =>
          `# Fill the volume ${name} with what the configuration reads from ${path}.`,
      ),
    ...(secrets.length === 0
      ? []
      : [
          `# kubectl create secret generic ${NAME}-secrets ${secrets.map((name) => `--from-file=${name}`).join(' ')}`,
        ]),
    ...(keyFile === undefined
      ? []
      : [
          `# kubectl create secret generic ${NAME}-key --from-file=signing-key.pem=${JSON.stringify(keyFile)}`,
        ]),
  ].join('\n');
  const body = documents.map((document) => yamlText(document)).join('---\n');
  return [{ name: 'flowproof.k8s.yaml', text: `${head}\n${body}` }];
}

function claimedVolumes({ config }: UnitInput): Volume[] {
  const written = writtenFolders(config);
  const named = written.map((path, index): Volume => {
    const kind =
      path === config.lake ? 'lake' : path === config.output ? 'output' : `data-${index}`;
    return { name: `${NAME}-${kind}`, path, isReadOnly: false };
  });
  const read = readFolders(config).filter(
    (folder) => !written.some((outer) => isWithin(folder, outer)),
  );
  return [
    ...named,
    ...read.map((path, index) => ({
      name: `${NAME}-input-${index + 1}`,
      path,
      isReadOnly: true,
    })),
  ];
}

/** The configuration and the small files that it names, under keys that a ConfigMap may have. */
function configFiles({ config, configText, fileTexts }: UnitInput) {
  return [
    { key: 'flowproof.yaml', path: config.path, text: configText },
    ...[...fileTexts].map(([path, text], index) => ({
      key: `${index + 1}-${basename(path).replace(/[^-._a-zA-Z0-9]/g, '_')}`,
      path,
      text,
    })),
  ];
}

function podSpec(input: UnitInput, image: string, volumes: readonly Volume[]) {
  const { config } = input;
  const secrets = secretVariables(config.notifications);
  const keyFile = config.signature?.key_file;
  return {
    serviceAccountName: NAME,
    automountServiceAccountToken: false,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 90,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: NAME,
        image,
        command: ['flowproof'],
        args: ['run', '--config', dollarsKept(config.path), '--quiet'],
        ...(secrets.length === 0
          ? {}
          : {
              env: secrets.map((name) => ({
                name,
                valueFrom: { secretKeyRef: { name: `${NAME}-secrets`, key: name } },
              })),
            }),
        resources: { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '4Gi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          ...configFiles(input).map(({ key, path }) => ({
            name: 'config',
            mountPath: path,
            subPath: key,
            readOnly: true,
          })),
          ...(keyFile === undefined
            ? []
            : [
                {
                  name: 'key',
                  mountPath: resolve(config.folder, keyFile),
                  subPath: 'signing-key.pem',
                  readOnly: true,
                },
              ]),
          ...volumes.map(({ name, path, isReadOnly }) => ({
            name,
            mountPath: path,
            ...(isReadOnly ? { readOnly: true } : {}),
          })),
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: NAME } },
      ...(keyFile === undefined
        ? []
        : [{ name: 'key', secret: { secretName: `${NAME}-key`, defaultMode: 0o440 } }]),
      ...volumes.map(({ name, isReadOnly }) => ({
        name,
        persistentVolumeClaim: { claimName: name, ...(isReadOnly ? { readOnly: true } : {}) },
      })),
      { name: 'tmp', emptyDir: {} },
    ],
  };
}

/** `$(NAME)` in an argument would be replaced by a variable. */
function dollarsKept(text: string): string {
  return text.replaceAll('$', '$$$$');
}

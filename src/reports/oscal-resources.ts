/**
 * Resources of `oscal.json`: the files of the pack with their hashes, by relative references that hold
 * while the document lies in its pack, and what stands in the place of an assessment plan.
 */
import { DICTIONARY_NAME } from './dictionary.ts';
import { csvName, MANIFEST_NAME, type PackFiles, queryName, sha256Of } from './manifest.ts';
import type { OscalContext } from './oscal-findings.ts';
import { oscalProse } from './oscal-text.ts';

export const NO_PLAN_TEXT =
  'No assessment plan was supplied: flowproof reads logs and inventory as its configuration says. An ' +
  'assessor who has a plan refers to it here.';

/** Types of resources, as OSCAL names them, with the media types of what flowproof writes. */
const FILE_KINDS = {
  rows: { type: 'evidence', mediaType: 'text/csv' },
  query: { type: 'artifact', mediaType: 'application/sql' },
  manifest: { type: 'artifact', mediaType: 'application/json' },
} as const;

export function oscalResources(context: OscalContext, files: PackFiles) {
  const fileOf = (name: string, kind: keyof typeof FILE_KINDS, description: string) =>
    fileResource(context, { name, kind, description, bytes: files.get(name) });
  return [
    {
      uuid: context.uuidOf('resource', 'assessment-plan'),
      title: 'No assessment plan',
      description: oscalProse(NO_PLAN_TEXT),
    },
    ...context.content.reports.flatMap((report) => [
      fileOf(csvName(report.name), 'rows', `Rows of the report: ${report.title}`),
      fileOf(queryName(report.name), 'query', `Query of the report: ${report.title}`),
    ]),
    fileOf(csvName(DICTIONARY_NAME), 'rows', 'What each column of the CSV files means.'),
    // The manifest holds the hash of this document, so that its own cannot stand here.
    fileOf(
      MANIFEST_NAME,
      'manifest',
      'Every file, query, parameter and source, with their hashes.',
    ),
  ];
}

function fileResource(
  context: OscalContext,
  file: {
    name: string;
    kind: keyof typeof FILE_KINDS;
    description: string;
    bytes: Uint8Array | undefined;
  },
) {
  const { name, kind, bytes } = file;
  if (!bytes && kind !== 'manifest') throw new Error(`the pack has no file ${name}`);
  const { type, mediaType } = FILE_KINDS[kind];
  return {
    uuid: context.uuidOf('file', name),
    title: oscalProse(name),
    description: oscalProse(file.description),
    props: [{ name: 'type', value: type }],
    rlinks: [
      {
        href: hrefOf(name),
        'media-type': mediaType,
        ...(bytes ? { hashes: [{ algorithm: 'SHA-256', value: sha256Of(bytes) }] } : {}),
      },
    ],
  };
}

/** A file's name as a relative reference. Half a character pair is what the file system makes of it. */
function hrefOf(name: string): string {
  return name
    .split('/')
    .map((part) => encodeURIComponent(part.replaceAll(/\p{Surrogate}/gu, '\ufffd')))
    .join('/');
}

/**
 * `manifest.json` and `SHA256SUMS`: what a pack rests on and what it consists of, for checking without
 * flowproof. Neither holds a time of day: the same content gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { printedJson } from '../printed-text.ts';
import type { PackContent } from './report.ts';

export const MANIFEST_NAME = 'manifest.json';
export const CHECKSUMS_NAME = 'SHA256SUMS';

/** Short hashes of rows and lines (`row-hashes.ts`): to name the place of a difference. */
export const ROWS_NAME = 'rows.sha256';

export const sha256Text = z.string().regex(/^[0-9a-f]{64}$/);

/** A pack by its folder's name and the SHA-256 of its manifest. */
export const packLinkSchema = z.strictObject({ name: z.string(), manifest_sha256: sha256Text });

export type PackLink = z.infer<typeof packLinkSchema>;

/**
 * The shape of `manifest.json`; keys are only ever added within a format version, and what an older
 * manifest lacks is read as null.
 */
export const manifestSchema = z.object({
  format_version: z.literal(1),
  pack: z.object({ name: z.string(), title: z.string(), standard: z.string() }),
  organization: z.string().nullable(),
  period: z.object({ start: z.string(), end: z.string() }),
  data_through: z.string().nullable(),
  scope: z.array(
    z.object({
      name: z.string(),
      match: z.string(),
      interface_count: z.number(),
      instance_count: z.number(),
    }),
  ),
  tool: z.object({ name: z.string(), version: z.string(), engine: z.string() }),
  config_sha256: sha256Text,
  /** Of the file of accepted exceptions; null where none was given. */
  exceptions_sha256: sha256Text.nullable().default(null),
  /** The newest pack of this name that ended at or before this one's start. */
  previous: packLinkSchema.nullable().default(null),
  /** The envelope that signs the pack, and the key that it is to be checked with. */
  signature: z.object({ file: z.string(), keyid: sha256Text }).nullable().default(null),
  /** The file of short hashes of rows and lines, which also covers this manifest. */
  row_hashes: z.string().nullable().default(null),
  requirements: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      status: z.string(),
      reports: z.array(z.string()),
    }),
  ),
  reports: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      requirements: z.array(z.string()),
      query: z.string(),
      query_sha256: sha256Text,
      parameters: z.record(z.string(), z.string()),
      csv: z.string(),
      csv_sha256: sha256Text,
      row_count: z.number(),
      had_data: z.boolean(),
      status_counts: z.record(z.string(), z.number()),
    }),
  ),
  sources: z.array(
    z.object({
      uri: z.string(),
      /** Of an S3 object, as S3 gave them with its bytes. */
      etag: z.string().nullable().default(null),
      version_id: z.string().nullable().default(null),
      sha256: sha256Text,
      size_bytes: z.number(),
      format: z.string().nullable(),
      status: z.string(),
      reason: z.string().nullable(),
      line_count: z.number(),
      row_count: z.number(),
      rejected_count: z.number(),
    }),
  ),
  files: z.array(z.object({ name: z.string(), sha256: sha256Text, size_bytes: z.number() })),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Files of a pack by their name relative to its folder, with forward slashes. */
export type PackFiles = ReadonlyMap<string, Uint8Array>;

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function csvName(report: string): string {
  return `${report}.csv`;
}

export function queryName(report: string): string {
  return `queries/${report}.sql`;
}

/** What ties a pack to the one before it and to whoever signs it. */
export type Custody = {
  previous: PackLink | null;
  signature: { file: string; keyid: string } | null;
};

/** The manifest of a pack whose other files are `files`, as JSON with a final line end. */
export function manifestJson(content: PackContent, files: PackFiles, custody?: Custody): string {
  const hashOf = (name: string): string => {
    const bytes = files.get(name);
    if (!bytes) throw new Error(`the pack has no file ${name}`);
    return sha256Of(bytes);
  };
  const manifest: Manifest = {
    format_version: 1,
    pack: { ...content.pack },
    organization: content.organization,
    period: { ...content.period },
    data_through: content.dataThrough,
    scope: content.scope.map((scope) => ({
      name: scope.name,
      match: scope.match,
      interface_count: scope.interfaceCount,
      instance_count: scope.instanceCount,
    })),
    tool: { ...content.tool },
    config_sha256: content.configSha256,
    exceptions_sha256: content.exceptions?.sha256 ?? null,
    previous: custody?.previous ?? null,
    signature: custody?.signature ?? null,
    row_hashes: ROWS_NAME,
    requirements: content.requirements.map(({ id, title, status, reports }) => ({
      id,
      title,
      status,
      reports: [...reports],
    })),
    reports: content.reports.map((report) => ({
      name: report.name,
      title: report.title,
      requirements: [...report.requirements],
      query: queryName(report.name),
      query_sha256: report.querySha256,
      parameters: { ...report.parameters },
      csv: csvName(report.name),
      csv_sha256: hashOf(csvName(report.name)),
      row_count: report.rows.length,
      had_data: report.hadData,
      status_counts: { ...report.statusCounts },
    })),
    sources: content.sources.map((source) => ({
      uri: source.uri,
      etag: source.etag ?? null,
      version_id: source.versionId ?? null,
      sha256: source.sha256,
      size_bytes: source.sizeBytes,
      format: source.format,
      status: source.status,
      reason: source.reason,
      line_count: source.lineCount,
      row_count: source.rowCount,
      rejected_count: source.rejectedCount,
    })),
    files: [...files]
      .map(([name, bytes]) => ({ name, sha256: sha256Of(bytes), size_bytes: bytes.length }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
  // Names of objects stay exact; whoever prints the file on a terminal sees their controls escaped.
  return `${printedJson(manifest)}\n`;
}

/** `SHA256SUMS` over every file, as `sha256sum -c` reads it. */
export function checksumsText(files: PackFiles): string {
  return [...files.keys()]
    .sort()
    .map((name) => `${sha256Of(files.get(name) ?? new Uint8Array())}  ${name}\n`)
    .join('');
}

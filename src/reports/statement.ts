/**
 * The in-toto statement of a pack ("Statement layer specification", version 1, in-toto/attestation):
 * its subjects are the files of the pack, its predicate says which pack they are.
 */
import { z } from 'zod';
import {
  MANIFEST_NAME,
  type Manifest,
  type PackFiles,
  packLinkSchema,
  sha256Of,
  sha256Text,
} from './manifest.ts';

/** Names the predicate below; the README describes it. */
export const PREDICATE_TYPE = 'urn:flowproof:evidence-pack:1';

export const statementSchema = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(
    z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: sha256Text }) }),
  ),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.strictObject({
    pack: z.string(),
    period: z.strictObject({ start: z.string(), end: z.string() }),
    manifest_sha256: sha256Text,
    previous: packLinkSchema.nullable(),
  }),
});

export type Statement = z.infer<typeof statementSchema>;

/** The statement of a pack whose files, but for the checksums and the envelope, are `files`. */
export function statementText(
  manifest: Pick<Manifest, 'pack' | 'period' | 'previous'>,
  files: PackFiles,
): string {
  const bytes = files.get(MANIFEST_NAME);
  if (!bytes) throw new Error(`the pack has no ${MANIFEST_NAME}`);
  const statement: Statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [...files.keys()]
      .sort()
      .map((name) => ({ name, digest: { sha256: sha256Of(files.get(name) ?? '') } })),
    predicateType: PREDICATE_TYPE,
    predicate: {
      pack: manifest.pack.name,
      period: { ...manifest.period },
      manifest_sha256: sha256Of(bytes),
      previous: manifest.previous,
    },
  };
  return JSON.stringify(statement);
}

/** Throws an Error for what is no statement of a pack. */
export function parseStatement(payload: Uint8Array): Statement {
  return statementSchema.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
}

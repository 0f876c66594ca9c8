/** Standard input as an object like any other: its bytes are put aside on disk, hashed and read. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FlowproofError, messageOf } from '../../errors.ts';
import type { ObjectHints } from '../format.ts';
import type { ListedObject } from '../source.ts';

/** The pattern that stands for standard input, and the URI of what it gave. */
export const STANDARD_INPUT = '-';
const URI = 'stdin:';

/**
 * The object. Its version is the time, as only its bytes can tell whether they were read before. It can
 * be fetched once; fetching throws FlowproofError SOURCE_UNREACHABLE if the input breaks off.
 */
export function standardInput(stream: Readable, now: Date, hints: ObjectHints): ListedObject {
  return {
    uri: URI,
    version: now.toISOString(),
    modifiedAt: now,
    hints,
    async fetch(folder) {
      const path = join(folder, 'standard-input');
      let inputFailure: unknown;
      stream.once('error', (thrown: unknown) => {
        inputFailure = thrown;
      });
      try {
        await pipeline(stream, createWriteStream(path, { mode: 0o600 }));
        return path;
      } catch (thrown) {
        await rm(path, { force: true });
        // A full disk is not the input's fault.
        if (inputFailure !== thrown) throw thrown;
        throw new FlowproofError('SOURCE_UNREACHABLE', {
          place: URI,
          problem: `standard input broke off: ${messageOf(thrown)}`,
          remedy: 'Run again with the whole input.',
          cause: thrown,
        });
      }
    },
  };
}

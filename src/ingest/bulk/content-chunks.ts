/**
 * The content of an object in chunks, for a thread of its own: what is small is decompressed at once, as
 * starting a stream costs more than the bytes.
 */
import { closeSync, createReadStream, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { createGunzip, gunzipSync } from 'node:zlib';
import { messageOf } from '../../errors.ts';
import { isGzip, isZlibError } from '../lines.ts';

const CHUNK_BYTES = 1024 * 1024;
const SMALL_BYTES = 4 * 1024 * 1024;
const SMALL_CONTENT_BYTES = 32 * 1024 * 1024;

/** The content ends here for this reader: it is damaged, or a decompression bomb. */
export class ContentEnd extends Error {}

/**
 * Yields the content; a chunk is valid until the next is asked for. Throws ContentEnd at damage, and
 * once there is more than `maxBytes` of it: what was yielded before stands.
 */
export async function* contentChunks(path: string, maxBytes: number): AsyncIterable<Buffer> {
  const { size } = statSync(path);
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(2);
    readSync(file, head, 0, 2, 0);
    if (!isGzip(head)) {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const count = readSync(file, buffer, 0, CHUNK_BYTES, null);
        if (count === 0) return;
        yield buffer.subarray(0, count);
      }
    }
  } finally {
    closeSync(file);
  }
  const small = size <= SMALL_BYTES ? inflateSmall(path, maxBytes) : undefined;
  if (small) {
    yield small;
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const source = createReadStream(path, { highWaterMark: 256 * 1024 });
  source.on('error', (thrown) => gunzip.destroy(thrown));
  source.pipe(gunzip);
  let total = 0;
  try {
    for await (const chunk of gunzip) {
      total += (chunk as Buffer).length;
      if (total > maxBytes) throw new ContentEnd('too much content for its compressed size');
      yield chunk as Buffer;
    }
    if (gunzip.bytesWritten < size) throw new ContentEnd('the decompressor ended before the file');
  } catch (thrown) {
    throw isZlibError(thrown) ? new ContentEnd(messageOf(thrown)) : thrown;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/** The whole content, or undefined if it is not small, damaged, or not all of the file. */
function inflateSmall(path: string, maxBytes: number): Buffer | undefined {
  try {
    const bytes = readFileSync(path);
    // With `info` the answer has the decompressor too, which Node's types leave out.
    const { buffer, engine } = gunzipSync(bytes, {
      maxOutputLength: Math.min(maxBytes, SMALL_CONTENT_BYTES),
      chunkSize: Math.min(CHUNK_BYTES, Math.max(16_384, bytes.length * 8)),
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return engine.bytesWritten === bytes.length ? buffer : undefined;
  } catch (thrown) {
    const isTooLarge = (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (!isZlibError(thrown) && !isTooLarge) throw thrown;
    return undefined;
  }
}

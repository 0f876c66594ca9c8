/**
 * Floor: zlib decompresses the files and throws the content away, as many at once as there are cores.
 * Prints the seconds. Arguments: the files.
 */
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createGunzip } from 'node:zlib';

const waiting = process.argv.slice(2);
const began = performance.now();
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const content = createReadStream(path, { highWaterMark: 1024 * 1024 }).pipe(
        createGunzip({ chunkSize: 1024 * 1024 }),
      );
      for await (const _ of content);
    }
  }),
);
process.stdout.write(`${(performance.now() - began) / 1000}\n`);

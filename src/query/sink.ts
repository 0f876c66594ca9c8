/** Where the bytes of a result go: to a stream that stays open or, whole or not at all, to a file. */
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { FlowproofError, messageOf } from '../errors.ts';

/** Where a result goes. */
export type Sink = {
  isTerminal: boolean;
  /** False once the reader has gone away (`| head`): nothing more is wanted, and it is no error. */
  isOpen(): boolean;
  /** Resolves when the bytes are taken: true if more is wanted. */
  write(data: string | Uint8Array): Promise<boolean>;
  /** Makes a file appear under its name. */
  finish(): Promise<void>;
  /** Removes what was written to a file. */
  abandon(): Promise<void>;
};

/** True for standard output that a person looks at. */
export function isTerminal(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

const GONE = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE']);

/** A sink on a stream that stays open; a broken pipe closes the sink and is not thrown. */
export function streamSink(stream: NodeJS.WritableStream): Sink {
  let open = true;
  // Without a listener a broken pipe would end the process; the write's own callback reports it.
  const ignore = (): void => {};
  stream.on('error', ignore);
  const release = (): void => {
    setImmediate(() => stream.off('error', ignore));
  };
  return {
    isTerminal: isTerminal(stream),
    isOpen: () => open,
    write: (data) =>
      new Promise((resolve, reject) => {
        if (!open || data.length === 0) return resolve(open);
        stream.write(data, (error) => {
          if (!error) return resolve(true);
          open = false;
          if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return resolve(false);
          reject(unwritable('standard output', error));
        });
      }),
    finish: async () => release(),
    abandon: async () => release(),
  };
}

/**
 * A sink on a file: written beside it under a temporary name, readable by its owner only, and renamed
 * at the end. A device or pipe is written directly. Throws QUERY_REFUSED for a place inside the lake
 * and USAGE for one that cannot be written.
 */
export async function fileSink(output: string, lakeFolder?: string): Promise<Sink> {
  try {
    const folder = await realpath(dirname(output));
    if (lakeFolder !== undefined) await refuseInside(output, folder, lakeFolder);
    const target = join(folder, basename(output));
    const found = await stat(target).catch(() => undefined);
    if (found?.isDirectory()) throw new Error('it is a folder');
    const isDirect = found !== undefined && !found.isFile();
    const path = isDirect ? target : `${target}.${process.pid}.part`;
    if (!isDirect) await rm(path, { force: true });
    const file = await open(path, isDirect ? 'w' : 'wx', 0o600);
    const guarded = async (act: () => Promise<unknown>): Promise<void> => {
      await act().catch((thrown: unknown) => {
        throw unwritable(output, thrown);
      });
    };
    return {
      isTerminal: false,
      isOpen: () => true,
      write: async (data) => {
        await guarded(() => file.appendFile(data));
        return true;
      },
      finish: () =>
        guarded(async () => {
          if (!isDirect) await file.sync();
          await file.close();
          if (!isDirect) await rename(path, target);
        }),
      abandon: async () => {
        await file.close().catch(() => {});
        if (!isDirect) await rm(path, { force: true });
      },
    };
  } catch (thrown) {
    throw thrown instanceof FlowproofError ? thrown : unwritable(output, thrown);
  }
}

async function refuseInside(output: string, folder: string, lakeFolder: string): Promise<void> {
  const lake = await realpath(lakeFolder);
  if (folder !== lake && !folder.startsWith(lake.endsWith(sep) ? lake : lake + sep)) return;
  throw new FlowproofError('QUERY_REFUSED', {
    place: `--output ${output}`,
    problem: 'it lies inside the lake, which queries never change',
    remedy: 'Name a file outside the lake, such as --output ./result.csv.',
  });
}

function unwritable(place: string, thrown: unknown): FlowproofError {
  return new FlowproofError('USAGE', {
    place,
    problem: `cannot be written (${messageOf(thrown)})`,
    remedy: 'Name a file in a folder that exists, may be written to and has room.',
    cause: thrown,
  });
}

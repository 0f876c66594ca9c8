/** Files that others read at any time: they see the one before or the whole new one, never a part. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes beside the file and renames. The mode counts whatever the umask is. */
export async function replaceFile(path: string, text: string, mode = 0o600): Promise<void> {
  // Hidden and of another ending, so that who reads every file of the folder does not take it.
  const scratch = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  let file: FileHandle | undefined;
  try {
    file = await open(scratch, 'wx', 0o600);
    await file.writeFile(text);
    await file.chmod(mode);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(scratch, path);
  } catch (thrown) {
    await file?.close();
    await rm(scratch, { force: true });
    throw thrown;
  }
}

/** Credentials that end, renewed before they do for as long as somebody uses them. */
import type { S3Access } from './httpfs.ts';

/** Credentials are renewed when they hold for less than this. */
export const LEAST_MILLISECONDS = 10 * 60_000;

const RETRY_MILLISECONDS = 60_000;
/** A timer of Node takes no more than 24 days, and who asks too early only gets what it has. */
const LONGEST_MILLISECONDS = 6 * 3_600_000;

/**
 * Gives new credentials in time, again and again, until the function that it returns is called. What fails, as
 * without a network for a moment, is tried again a minute later. The timer keeps no process alive.
 */
export function renewInTime(
  first: S3Access,
  {
    next,
    give,
  }: { next: () => Promise<S3Access | undefined>; give: (access: S3Access) => Promise<void> },
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const arm = (milliseconds: number): void => {
    timer = setTimeout(() => void renew(), milliseconds);
    timer.unref();
  };
  const plan = ({ credentials: { expiresAt } }: S3Access): void => {
    if (expiresAt === undefined) return;
    const left = expiresAt - Date.now() - LEAST_MILLISECONDS;
    arm(Math.min(Math.max(left, RETRY_MILLISECONDS), LONGEST_MILLISECONDS));
  };
  const renew = async (): Promise<void> => {
    try {
      const access = await next();
      if (isStopped || !access) return;
      await give(access);
      if (!isStopped) plan(access);
    } catch {
      if (!isStopped) arm(RETRY_MILLISECONDS);
    }
  };
  plan(first);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** How far ingest has come, and in what words and numbers that is told. */

export type IngestProgress = {
  objectCount: number;
  rowCount: number;
  /** Bytes as stored, of the objects read. */
  sizeBytes: number;
  /** Objects and bytes that were listed as new; the end of the listing is known if `isListed`. */
  listedCount: number;
  listedBytes: number;
  isListed: boolean;
  /** Since ingest began. */
  elapsedSeconds: number;
  uri: string;
};

/** Below this a rate is chance. */
const FIRST_SECONDS = 1;

/** The line for a terminal, and the same as fields of a JSON line. */
export function describeProgress(progress: IngestProgress): {
  message: string;
  details: Record<string, string | number>;
} {
  const { objectCount, rowCount, sizeBytes, listedCount, listedBytes, isListed, uri } = progress;
  const rate =
    progress.elapsedSeconds >= FIRST_SECONDS ? sizeBytes / progress.elapsedSeconds : undefined;
  const left = isListed && rate ? Math.max(0, listedBytes - sizeBytes) / rate : undefined;
  const most = isListed ? '' : '+';
  const parts = [
    `${objectCount} of ${listedCount}${most} objects`,
    `${rowCount.toLocaleString('en-US')} rows`,
    `${megabytes(sizeBytes)} of ${megabytes(listedBytes)}${most} MB`,
    ...(rate === undefined ? [] : [`${megabytes(rate)} MB/s`]),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
  ];
  return {
    message: `${parts.join(', ')}  ${uri}`,
    details: {
      objects: objectCount,
      objects_listed: listedCount,
      rows: rowCount,
      bytes: sizeBytes,
      bytes_listed: listedBytes,
      ...(rate === undefined ? {} : { bytes_per_second: Math.round(rate) }),
      ...(left === undefined ? {} : { seconds_left: Math.ceil(left) }),
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

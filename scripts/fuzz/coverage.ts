/** Which code of flowproof ran, as V8 counts it: the signal that tells a new input from one like others. */
import { Session } from 'node:inspector/promises';

export type Coverage = {
  /** Places that ran since the last call: script, place and the magnitude of how often. */
  take(): Promise<Set<string>>;
  stop(): Promise<void>;
};

export async function openCoverage(): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    async take() {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      const places = new Set<string>();
      for (const { url, scriptId, functions } of result) {
        if (!url.includes('/src/') || url.includes('/node_modules/')) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            if (count === 0) continue;
            places.add(`${scriptId}:${startOffset}-${endOffset}:${Math.floor(Math.log2(count))}`);
          }
        }
      }
      return places;
    },
    async stop() {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}

/**
 * What the keys of a bucket say of the logs below them, by kind of log: which days a folder holds, and
 * what need not be listed. A tree of another service joins by an entry of `LOG_TREES`.
 */
import {
  type FlowLogPath,
  type FolderLevel,
  isOtherService,
  readFlowLogPath,
  readFolderLevel,
} from './flow-log-path.ts';
import type { Kind } from './format.ts';
import { isNoInventory } from './inventory-path.ts';
import type { Period } from './source.ts';

export type LogTree = {
  /** What a key says of its object: dates that exclude it, and hints for its reader. */
  readKey(key: string): FlowLogPath;
  /** Where a folder stands, so that only the days of the period are listed. */
  readFolder(prefix: string, period: Period): FolderLevel;
  /** True for folders and keys that hold nothing of this kind, such as those of other services. */
  isSkipped(path: string): boolean;
};

const flowLogTree: LogTree = {
  readKey: readFlowLogPath,
  readFolder: readFolderLevel,
  isSkipped: isOtherService,
};

/** Everything is listed but the days outside the period of what lies like flow logs. */
export const anyTree: LogTree = { ...flowLogTree, isSkipped: () => false };

export const LOG_TREES: Readonly<Record<Kind, LogTree>> = {
  flow_logs: flowLogTree,
  ips_events: anyTree,
  // Digests (`CloudTrail-Digest`) and insights have folders of their own, and hold no event.
  cloudtrail: { ...flowLogTree, isSkipped: (path) => isOtherService(path, 'CloudTrail') },
  inventory: { ...flowLogTree, isSkipped: isNoInventory },
};

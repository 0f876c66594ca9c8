/**
 * The picture of traffic between segments: scopes against what they exchanged traffic with, as the first
 * page of a pack shows it. The report `segment_matrix` has the rows behind it.
 */
import type { Overview } from './report.ts';

/** What a cell says: nothing was seen, or what became of what was. Inside a scope no control is asked for. */
export const CELL_STATES = ['none', 'inside', 'accepted', 'both', 'rejected'] as const;

export type CellState = (typeof CELL_STATES)[number];

export const CELL_WORDS: Readonly<Record<CellState, string>> = {
  none: 'no traffic seen',
  inside: 'inside the scope',
  accepted: 'accepted, none rejected',
  both: 'some accepted, some rejected',
  rejected: 'all rejected',
};

export type SegmentMatrix = {
  peers: readonly string[];
  rows: readonly {
    scope: string;
    /** Counts as texts, empty if there are none. */
    cells: readonly { state: CellState; accepted: string; rejected: string }[];
  }[];
  /** What the picture leaves out; empty if nothing. */
  restText: string;
};

/** Scopes and other sides that a page has room for; the busiest ones are shown. */
const MAX_SCOPES = 8;
const MAX_PEERS = 7;

/** The matrix, busiest other sides first, scopes by name. Names are as in the data. */
export function segmentMatrix(segments: Overview['segments']): SegmentMatrix {
  const scopes = busiest(segments, 'scope');
  const peers = busiest(segments, 'peer');
  const shownScopes = scopes.slice(0, MAX_SCOPES).sort();
  const shownPeers = peers.slice(0, MAX_PEERS);
  return {
    peers: shownPeers,
    rows: shownScopes.map((scope) => ({
      scope,
      cells: shownPeers.map((peer) => {
        const pair = segments.find((one) => one.scope === scope && one.peer === peer);
        return cellOf(pair, peer === `scope ${scope}`);
      }),
    })),
    restText: restText(scopes.length - shownScopes.length, peers.length - shownPeers.length),
  };
}

function busiest(segments: Overview['segments'], side: 'scope' | 'peer'): string[] {
  const counts = new Map<string, number>();
  for (const one of segments) {
    counts.set(one[side], (counts.get(one[side]) ?? 0) + one.acceptedCount + one.rejectedCount);
  }
  return [...counts]
    .sort(([name, count], [other, more]) => more - count || (name < other ? -1 : 1))
    .map(([name]) => name);
}

function cellOf(
  pair: Overview['segments'][number] | undefined,
  isInside: boolean,
): SegmentMatrix['rows'][number]['cells'][number] {
  const { acceptedCount = 0, rejectedCount = 0 } = pair ?? {};
  return {
    state: stateOf(acceptedCount, rejectedCount, isInside),
    accepted: acceptedCount === 0 ? '' : briefCount(acceptedCount),
    rejected: rejectedCount === 0 ? '' : briefCount(rejectedCount),
  };
}

function stateOf(accepted: number, rejected: number, isInside: boolean): CellState {
  if (accepted + rejected === 0) return 'none';
  if (isInside) return 'inside';
  if (accepted > 0 && rejected > 0) return 'both';
  return accepted > 0 ? 'accepted' : 'rejected';
}

function restText(scopes: number, peers: number): string {
  const parts = [
    ...(scopes > 0 ? [`${scopes} more ${scopes === 1 ? 'scope' : 'scopes'}`] : []),
    ...(peers > 0 ? [`${peers} more other ${peers === 1 ? 'side' : 'sides'}`] : []),
  ];
  return parts.length === 0 ? '' : `Not drawn: ${parts.join(' and ')}.`;
}

/** `1234` as `1,234`, from a hundred thousand on with three digits and a unit: `1.23 M`. */
export function briefCount(count: number): string {
  if (count < 100_000) return count.toLocaleString('en-US');
  const units = ['k', 'M', 'G', 'T'];
  let value = count;
  let unit = '';
  for (const next of units) {
    if (value < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${unit}`;
}

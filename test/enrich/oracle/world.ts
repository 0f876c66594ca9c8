/**
 * What the oracle is told: the snapshots of an inventory as they were taken, and the records of a day.
 * This folder judges them one record at a time and without SQL. It is written from the fact sheet (D3
 * and D4: what is known between snapshots, how security groups permit) and from Amazon VPC User Guide,
 * "Network ACLs", and shares nothing with the queries that it is held against. Read `judge.ts` first.
 * Times are seconds since 1970.
 */

/** One snapshot of one type of resource, of one account and region. */
export type Look<Seen> = {
  at: number;
  /** False if what it does not show may have been there all the same. */
  isComplete: boolean;
  shown: ReadonlyMap<string, Seen>;
};

/** The snapshots of one type, account and region, in their order. A resource is in one of these. */
export type Timeline<Seen> = readonly Look<Seen>[];

export type InterfaceSeen = {
  vpc: string;
  subnet: string;
  addresses: readonly string[];
  groups: readonly string[];
  instance: string | null;
  /** Decides the scope that the interface is in. */
  isInScope: boolean;
  /** Changes the state, and nothing that anybody judges by. */
  note: string;
};

export type RuleSeen = {
  group: string;
  isEgress: boolean;
  /** As the API writes it: a name, a number, or -1 for all. */
  protocol: string;
  /** First and last port, or ICMP type and code; absent or -1 for all. */
  ports?: readonly [number, number];
  /** The peer is one of these three. */
  cidr?: string;
  prefixList?: string;
  reference?: string;
  note: string;
};

export type AclEntrySeen = {
  number: number;
  isEgress: boolean;
  action: 'allow' | 'deny';
  protocol: string;
  /** Of TCP and UDP; absent for all. */
  ports?: readonly [number, number];
  /** Of ICMP; absent or -1 for all. */
  icmpType?: number;
  cidr: string;
};

/** The address ranges of a subnet, which are its own for as long as it exists. */
export type SubnetSeen = { cidrs: readonly string[] };

export type AclSeen = { subnets: readonly string[]; entries: readonly AclEntrySeen[] };

export type World = {
  /** How long the newest snapshot is taken to hold. */
  maxAge: number;
  interfaces: readonly Timeline<InterfaceSeen>[];
  groups: readonly Timeline<true>[];
  rules: readonly Timeline<RuleSeen>[];
  acls: readonly Timeline<AclSeen>[];
  subnets: readonly Timeline<SubnetSeen>[];
  /** By prefix list; the ids in it are the ranges. */
  entries: ReadonlyMap<string, Timeline<true>>;
};

/** A record; null for each field that it does not have. */
export type Flow = {
  interfaceId: string | null;
  vpc: string | null;
  source: string | null;
  destination: string | null;
  packetSource: string | null;
  packetDestination: string | null;
  sourcePort: number | null;
  destinationPort: number | null;
  protocol: number | null;
  flags: number | null;
  direction: 'ingress' | 'egress' | null;
  action: 'ACCEPT' | 'REJECT' | null;
  start: number | null;
  end: number | null;
};

/** The time within which the packets of a record were seen: half open. */
export type Span = { from: number; to: number };

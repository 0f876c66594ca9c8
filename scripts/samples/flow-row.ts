/** Flow log records before they are written, and how one connection becomes records. */

/** One record. Times are seconds since 1970; fields that only some formats have may be absent. */
export type FlowRow = {
  interfaceId: string;
  start: number;
  end: number;
  /** Absent on NODATA and SKIPDATA records, which describe an interval and no traffic. */
  traffic?: Traffic;
  status: 'OK' | 'NODATA' | 'SKIPDATA';
};

export type Traffic = {
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  protocol: number;
  packets: number;
  bytes: number;
  action: 'ACCEPT' | 'REJECT';
  direction: 'ingress' | 'egress';
  tcpFlags: number;
  sourceService: string;
  destinationService: string;
  /** Route of egress records; absent on ingress. */
  trafficPath?: number;
};

export type Endpoint = {
  address: string;
  port: number;
  /** The monitored interface at this end, if there is one. */
  interfaceId?: string;
  /** AWS service that owns the address. */
  service?: string;
};

/** What passed between two endpoints in one aggregation interval. */
export type Exchange = {
  client: Endpoint;
  server: Endpoint;
  start: number;
  end: number;
  protocol?: number;
  action?: 'ACCEPT' | 'REJECT';
  packets: number;
  bytesPerPacket: number;
  /** Bytes that the server sends for each byte of the client. */
  answerRatio?: number;
  /** TCP flags of the client's and of the server's packets in the interval. */
  clientFlags?: number;
  serverFlags?: number;
  /** Route of egress records: 1 within the VPC, 7 gateway endpoint, 8 Internet gateway. */
  trafficPath?: number;
};

/**
 * The records of an exchange: for each way, one at each monitored interface. A rejected one has no
 * answer, and shows only where it was stopped: at the server.
 */
export function rowsOf(exchange: Exchange): FlowRow[] {
  const { client, server, packets, bytesPerPacket } = exchange;
  const action = exchange.action ?? 'ACCEPT';
  const bytes = packets * bytesPerPacket;
  const asked = way(exchange, client, server, packets, bytes, exchange.clientFlags ?? 3);
  if (action === 'REJECT') return asked.filter(({ traffic }) => traffic?.direction === 'ingress');
  const answerBytes = Math.round(bytes * (exchange.answerRatio ?? 1));
  const answerPackets = Math.max(1, Math.min(packets * 4, Math.round(answerBytes / 700)));
  const answered = way(
    exchange,
    server,
    client,
    answerPackets,
    Math.max(answerBytes, answerPackets * 52),
    exchange.serverFlags ?? 19,
  );
  return [...asked, ...answered];
}

function way(
  exchange: Exchange,
  from: Endpoint,
  to: Endpoint,
  packets: number,
  bytes: number,
  tcpFlags: number,
): FlowRow[] {
  const protocol = exchange.protocol ?? 6;
  const row = (interfaceId: string, direction: 'ingress' | 'egress'): FlowRow => ({
    interfaceId,
    start: exchange.start,
    end: exchange.end,
    status: 'OK',
    traffic: {
      source: from.address,
      destination: to.address,
      sourcePort: from.port,
      destinationPort: to.port,
      protocol,
      packets,
      bytes,
      action: exchange.action ?? 'ACCEPT',
      direction,
      tcpFlags: protocol === 6 ? tcpFlags : 0,
      sourceService: from.service ?? '-',
      destinationService: to.service ?? '-',
      ...(direction === 'egress' && exchange.trafficPath !== undefined
        ? { trafficPath: exchange.trafficPath }
        : {}),
    },
  });
  return [
    ...(from.interfaceId ? [row(from.interfaceId, 'egress')] : []),
    ...(to.interfaceId ? [row(to.interfaceId, 'ingress')] : []),
  ];
}

/** A record for an interval in which the interface had no traffic, or records were skipped. */
export function statusRow(
  interfaceId: string,
  status: 'NODATA' | 'SKIPDATA',
  start: number,
  end: number,
): FlowRow {
  return { interfaceId, start, end, status };
}

/** Adds a NODATA record for each interface without a record in the interval. */
export function withNoData(
  rows: readonly FlowRow[],
  interfaceIds: readonly string[],
  start: number,
  length: number,
): FlowRow[] {
  const seen = new Set(rows.map(({ interfaceId }) => interfaceId));
  const quiet = interfaceIds.filter((id) => !seen.has(id));
  return [...rows, ...quiet.map((id) => statusRow(id, 'NODATA', start, start + length - 2))];
}

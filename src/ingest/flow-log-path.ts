/**
 * What the key or path of a flow log object says, without its bytes: "Flow log files" and "Publish
 * flow logs to Amazon S3", Amazon VPC User Guide. The logs of Network Firewall lie in a tree of the same
 * kind: "Sending AWS Network Firewall logs to Amazon Simple Storage Service", its Developer Guide.
 *
 * Those of CloudTrail lie alike: "Finding your CloudTrail log files", AWS CloudTrail User Guide.
 *
 * The tree is found at its `AWSLogs/` folder, wherever that is: buckets put prefixes of any depth
 * before it. Plain (`<account>/vpcflowlogs/<region>/YYYY/MM/DD/`) and Hive-style folders
 * (`aws-account-id=.../aws-service=vpcflowlogs/...`, `service=vpcflowlogs` for transit gateways) have
 * the same order, so that one reading by position serves both.
 */
import type { ObjectHints } from './format.ts';
import type { Period } from './source.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A file holds the records whose `end` lies in the five minutes from the time in its name. */
const FILE_SPAN = 5 * MINUTE;

/** The folder's date follows publication and `end`: a record may start, or arrive, a day away. */
const MARGIN = DAY;

export type FlowLogPath = {
  /** Account that owns the flow log; the interface may be another's. */
  accountId?: string;
  region?: string;
  flowLogId?: string;
  /** Start of the file's five minutes, from its name. */
  fileTime?: Date;
  /** The day (or hour) of its folder: `start <= t < end`. */
  dateFolder?: Period;
};

/** Where the folders of a service's tree stand, counted from the one that names the service. */
type Tree = { regionAt: number; yearAt: number };

const FLOW_LOGS = 'vpcflowlogs';

const TREES: ReadonlyMap<string, Tree> = new Map([
  // vpcflowlogs/<region>/YYYY/MM/DD/
  [FLOW_LOGS, { regionAt: 1, yearAt: 2 }],
  // CloudTrail/<region>/YYYY/MM/DD/
  ['CloudTrail', { regionAt: 1, yearAt: 2 }],
  // network-firewall/<alert, flow or tls>/<region>/<firewall>/YYYY/MM/DD/HH/
  ['network-firewall', { regionAt: 2, yearAt: 4 }],
]);

const FILE_NAME =
  /^(\d{12})_vpcflowlogs_([a-z0-9-]{1,40})_(fl-[0-9a-f]{1,40})_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z_/;
/** The guide has a `T` and a `Z` in the time; real keys have neither. */
const FIREWALL_FILE_NAME =
  /^(\d{12})_network-firewall_(?:alert|flow|tls)_([a-z]{2}[a-z0-9-]{1,38})_[A-Za-z0-9-]{1,128}_(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)Z?_/;
const HIVE_KEY = /^(?:aws-)?(?:account-id|service|region|year|month|day|hour)=/;
const ACCOUNT = /^\d{12}$/;
const ORGANIZATION = /^o-[a-z0-9]{10,32}$/;
const REGION = /^[a-z]{2}[a-z0-9-]{3,38}$/;

/** Reads a key or a path with forward slashes. What it does not say is left out; never throws. */
export function readFlowLogPath(path: string): FlowLogPath {
  const { folders, service, fileName } = locate(path);
  const result = readFileName(fileName);
  if (service === undefined) return result;
  const account = folders[service.at - 1];
  const region = folders[service.at + service.tree.regionAt];
  if (account !== undefined && ACCOUNT.test(account)) result.accountId = account;
  if (region !== undefined && REGION.test(region)) result.region = region;
  const yearAt = service.at + service.tree.yearAt;
  const dateFolder = readDateFolder(folders.slice(yearAt, yearAt + 4));
  if (dateFolder) result.dateFolder = dateFolder;
  return result;
}

function readFileName(fileName: string): FlowLogPath {
  const result: FlowLogPath = {};
  const flowLog = FILE_NAME.exec(fileName);
  const [, account, region, ...rest] = flowLog ?? FIREWALL_FILE_NAME.exec(fileName) ?? [];
  const flowLogId = flowLog ? rest.shift() : undefined;
  const fileTime = utcDate(rest);
  if (account !== undefined) result.accountId = account;
  if (region !== undefined) result.region = region;
  if (flowLogId !== undefined) result.flowLogId = flowLogId;
  if (fileTime) result.fileTime = fileTime;
  return result;
}

/** True if the path says that no record of the period is there, with a day's margin on either side. */
export function isOutsidePeriod(path: FlowLogPath, period: Period): boolean {
  const { dateFolder, fileTime } = path;
  if (dateFolder && (isBefore(dateFolder, period) || isAfter(dateFolder, period))) return true;
  if (!fileTime) return false;
  const span = { start: fileTime, end: new Date(fileTime.getTime() + FILE_SPAN) };
  return isBefore(span, period) || isAfter(span, period);
}

/**
 * True if the path lies in the folder of another AWS service below `AWSLogs/<account>/` than `own`, such
 * as Config: buckets for logs are often shared.
 */
export function isOtherService(path: string, own = FLOW_LOGS): boolean {
  const { root, folders, service } = locate(path);
  if (root === undefined || service?.name === own) return false;
  const accountAt = folders.findIndex((name) => ACCOUNT.test(name));
  const areOwners = folders.slice(0, accountAt + 1).every(isOwner);
  return accountAt >= 0 && areOwners && folders.length > accountAt + 1;
}

/** What the path says of an object, in the form in which sources hand it on. */
export function hintsOfPath(path: FlowLogPath): ObjectHints {
  return {
    ...(path.accountId === undefined ? {} : { accountId: path.accountId }),
    ...(path.region === undefined ? {} : { region: path.region }),
    ...(path.flowLogId === undefined ? {} : { flowLogId: path.flowLogId }),
  };
}

/** Where a folder stands, for a listing that wants to enter only the days of a period. */
export type FolderLevel =
  /** No `AWSLogs/` yet: the tree may begin below. */
  | { kind: 'above' }
  /** Inside `AWSLogs/`, above the years: accounts, services, regions. */
  | { kind: 'tree' }
  /** A year of a region, or below it: keys follow in order of date. */
  | { kind: 'dates'; isOutside: boolean; firstKey: string }
  /** Something else: another service's logs, or what no flow log writes. */
  | { kind: 'other' };

/**
 * Places a folder (a prefix up to a slash; what follows the last slash is not looked at). `firstKey`
 * sorts just before every key of the first day that the period, with its margin, may need.
 */
export function readFolderLevel(prefix: string, period: Period): FolderLevel {
  const { root, rawFolders, folders, service } = locate(prefix);
  if (root === undefined) return { kind: 'above' };
  if (service === undefined) {
    return { kind: folders.every(isOwner) ? 'tree' : 'other' };
  }
  const yearAt = service.at + service.tree.yearAt;
  const year = folders[yearAt];
  if (year === undefined) return { kind: 'tree' };
  const start = utcDate([year, '01', '01']);
  const end = utcDate([String(Number(year) + 1).padStart(4, '0'), '01', '01']);
  if (!start || !end) return { kind: 'other' };
  const isHive = (rawFolders[yearAt] ?? '').includes('=');
  const first = new Date(Math.max(period.start.getTime() - MARGIN, 0)).toISOString();
  const [yyyy, mm, dd] = [first.slice(0, 4), first.slice(5, 7), first.slice(8, 10)];
  const day = isHive ? `year=${yyyy}/month=${mm}/day=${dd}` : `${yyyy}/${mm}/${dd}`;
  const region = [root, ...rawFolders.slice(0, yearAt)].join('/');
  const span = { start, end };
  return {
    kind: 'dates',
    isOutside: isBefore(span, period) || isAfter(span, period),
    firstKey: `${region}/${day}`,
  };
}

/** True if the path's folder, and so every later one of its region, lies after the period. */
export function isPastPeriod(path: FlowLogPath, period: Period): boolean {
  return path.dateFolder !== undefined && isAfter(path.dateFolder, period);
}

function isOwner(name: string): boolean {
  return ACCOUNT.test(name) || ORGANIZATION.test(name);
}

type Located = {
  /** The path up to and including `AWSLogs`. */
  root?: string;
  /** The folders below it, as written and without Hive keys. */
  rawFolders: string[];
  folders: string[];
  /** The folder that names the service, and its position in `folders`. */
  service?: { name: string; at: number; tree: Tree };
  fileName: string;
};

function locate(path: string): Located {
  const segments = path.split('/');
  const fileName = segments.pop() ?? '';
  let found: Located | undefined;
  for (const [index, segment] of segments.entries()) {
    if (segment !== 'AWSLogs') continue;
    const rawFolders = segments.slice(index + 1);
    const folders = rawFolders.map((name) => name.replace(HIVE_KEY, ''));
    const at = folders.findIndex((name) => TREES.has(name));
    const name = folders[at] ?? '';
    const tree = TREES.get(name);
    const root = segments.slice(0, index + 1).join('/');
    if (tree) return { root, rawFolders, folders, service: { name, at, tree }, fileName };
    found ??= { root, rawFolders, folders, fileName };
  }
  return found ?? { rawFolders: [], folders: [], fileName };
}

function readDateFolder(names: readonly string[]): Period | undefined {
  const [year, month, day, hour] = names;
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const byHour = hour === undefined ? undefined : utcDate([year, month, day, hour]);
  const start = byHour ?? utcDate([year, month, day]);
  if (!start) return undefined;
  return { start, end: new Date(start.getTime() + (byHour ? DAY / 24 : DAY)) };
}

/** The date of year, month, day, and hour and minute if given; undefined if there is no such date. */
function utcDate(digits: readonly string[]): Date | undefined {
  const isWidthRight = digits.every((text, index) =>
    index === 0 ? /^\d{4}$/.test(text) : /^\d\d$/.test(text),
  );
  if (!isWidthRight) return undefined;
  const [year = '', month = '', day = '', hour = '00', minute = '00'] = digits;
  const text = `${year}-${month}-${day}T${hour}:${minute}:00.000Z`;
  const date = new Date(text);
  // JavaScript reads 30 February as 2 March; such a folder is no date.
  return !Number.isNaN(date.getTime()) && date.toISOString() === text ? date : undefined;
}

function isBefore(span: Period, period: Period): boolean {
  return span.end.getTime() + MARGIN <= period.start.getTime();
}

function isAfter(span: Period, period: Period): boolean {
  return span.start.getTime() - MARGIN >= period.end.getTime();
}

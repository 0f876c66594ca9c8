/** The server that stands for AWS: started on a free port of this machine, stopped with its standard input. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setupError } from './python-environment.ts';

const START_MILLISECONDS = 60_000;
const STOP_MILLISECONDS = 5_000;

export type Moto = { endpoint: string; stop(): Promise<void> };

/**
 * Starts the server and waits until it answers on its port. What it logs goes to `logPath`. Rejects
 * with a setup error that shows the end of the log if it does not start within a minute.
 */
export async function startMoto(interpreter: string, logPath: string): Promise<Moto> {
  const log = openSync(logPath, 'w');
  const server = spawn(interpreter, [join(import.meta.dirname, 'moto-server.py')], {
    stdio: ['pipe', 'pipe', log],
    env: withoutAwsSettings(process.env),
  });
  closeSync(log);
  const { stdin, stdout } = server;
  if (!stdin || !stdout) throw new Error('the server was started without pipes');
  const exit = once(server, 'exit');
  const timeout = setTimeout(() => server.kill('SIGKILL'), START_MILLISECONDS);
  const lines = createInterface({ input: stdout });
  const port = await Promise.race([
    once(lines, 'line').then(([line]) => Number(line)),
    exit.then(() => undefined),
  ]);
  clearTimeout(timeout);
  if (port === undefined) {
    const said = readFileSync(logPath, 'utf8').trim().split('\n').slice(-12);
    throw setupError(
      `moto did not start.\n${said.map((line) => `  | ${line}`).join('\n')}`,
      'Delete node_modules/.cache/flowproof-integration and run again; it is then installed anew.',
    );
  }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const kill = setTimeout(() => server.kill('SIGKILL'), STOP_MILLISECONDS);
      stdin.end();
      await exit;
      clearTimeout(kill);
    },
  };
}

/**
 * The environment for the AWS SDK as it is: an address where nothing answers until `aws.ts` starts a server,
 * keys that mean nothing, and none of what the user of this machine has set, so that no call can reach a
 * real account.
 */
export function awsEnvironment(): NodeJS.ProcessEnv {
  return {
    ...withoutAwsSettings(process.env),
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ACCESS_KEY_ID: 'integration',
    AWS_SECRET_ACCESS_KEY: 'integration',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    // Its warning of old versions of Node would hide what flowproof itself writes to standard error.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}

function withoutAwsSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('AWS_')),
  );
}

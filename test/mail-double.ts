/**
 * Amazon SNS (Query, XML), Amazon SES v2 (REST, JSON) and a mail server (RFC 5321) for tests: they take
 * what is sent and keep it. The mail server is plain, or with a certificate offers TLS.
 */
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Answering } from './http-double.ts';

/** Takes Publish on the topics that there are. */
export function snsAccount(topics: readonly string[]): Answering {
  return ({ body }) => {
    const form = new URLSearchParams(body);
    if (form.get('Action') !== 'Publish') throw new Error(`no answer to ${body}`);
    const isKnown = topics.includes(form.get('TopicArn') ?? '');
    return {
      status: isKnown ? 200 : 404,
      headers: { 'content-type': 'text/xml' },
      body: isKnown
        ? '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>'
        : '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>',
    };
  };
}

/** Takes SendEmail from the senders that are verified. */
export function sesAccount(senders: readonly string[]): Answering {
  return ({ method, path, body }) => {
    if (`${method} ${path}` !== 'POST /v2/email/outbound-emails') throw new Error(`no ${path}`);
    const { FromEmailAddress: from } = JSON.parse(body) as { FromEmailAddress: string };
    const headers = { 'content-type': 'application/json' };
    if (senders.includes(from)) return { status: 200, headers, body: '{"MessageId":"1"}' };
    return {
      status: 400,
      headers: { ...headers, 'x-amzn-errortype': 'MessageRejected' },
      body: '{"message":"Email address is not verified."}',
    };
  };
}

export type MailDouble = {
  port: number;
  /** Commands as they were given, `[TLS]` where it began. */
  commands: string[];
  /** Messages with header and body. */
  messages: string[];
  close(): Promise<void>;
};

export type MailOptions = {
  /** Certificate and key: then STARTTLS is offered. */
  tls?: { cert: string; key: string };
  /** Answers to a command by its first word, such as `550 no`. */
  answers?: Readonly<Record<string, string>>;
};

export async function startMailDouble(options: MailOptions = {}): Promise<MailDouble> {
  const commands: string[] = [];
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write('220 double ESMTP\r\n');
    serve(socket, { commands, messages, ...options });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    commands,
    messages,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

type Session = MailOptions & { commands: string[]; messages: string[] };

function serve(socket: Socket, session: Session): void {
  const { commands, messages, tls, answers = {} } = session;
  let rest = '';
  let isData = false;
  const isSecure = socket instanceof TLSSocket;
  const answer = (line: string): void => {
    const word = line.split(/[ :]/, 1)[0]?.toUpperCase() ?? '';
    commands.push(line);
    const said = answers[word];
    if (said !== undefined) socket.write(`${said}\r\n`);
    else if (word === 'EHLO') {
      const extension = isSecure ? 'AUTH PLAIN' : tls ? 'STARTTLS' : 'SIZE 1000000';
      socket.write(`250-double\r\n250 ${extension}\r\n`);
    } else if (word === 'STARTTLS' && tls) {
      socket.removeAllListeners('data');
      socket.write('220 go\r\n');
      commands.push('[TLS]');
      const secure = new TLSSocket(socket, {
        isServer: true,
        secureContext: createSecureContext(tls),
      });
      secure.on('error', () => {});
      serve(secure, session);
    } else if (word === 'AUTH') socket.write('235 known\r\n');
    else if (word === 'DATA') {
      isData = true;
      socket.write('354 go on\r\n');
    } else if (word === 'QUIT') socket.end('221 bye\r\n');
    else socket.write('250 ok\r\n');
  };
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('utf8');
    for (;;) {
      const end = isData ? '\r\n.\r\n' : '\r\n';
      const at = rest.indexOf(end);
      if (at < 0) return;
      const text = rest.slice(0, at);
      rest = rest.slice(at + end.length);
      if (isData) {
        isData = false;
        messages.push(text);
        socket.write('250 taken\r\n');
      } else answer(text);
    }
  });
}

/**
 * The pack as a PDF for an auditor: tagged PDF/A-3a, made by Typst from `report.typ`.
 *
 * The content goes in as JSON, so nothing in a log is markup. Fonts are given as bytes and come before
 * those of the system, and the creation time is the data's own, so the same content gives the same
 * bytes on every machine. Typst runs in a worker thread: some thousand rows take seconds.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FlowproofError, messageOf } from '../errors.ts';
import { PACKAGE_ROOT } from '../query-file.ts';
import { csvText } from './csv.ts';
import { documentData } from './pdf-data.ts';
import { FONT_PATHS } from './printable.ts';
import type { PackContent } from './report.ts';

/** CSV files up to this size are attached to the PDF; larger ones are only beside it. */
const MAX_ATTACHED_BYTES = 1024 * 1024;

/** The template stands beside this source, also when the compiled package runs from `dist/`. */
const TEMPLATE_PATH = join(PACKAGE_ROOT, 'src', 'reports', 'report.typ');

/** A folder that does not exist: Typst then sees nothing but the files that it is given. */
const WORKSPACE = resolve('/flowproof-pack-in-memory');

/**
 * The worker's program, as text: Node 20 cannot start a worker from a TypeScript file, and the compiled
 * package has no other file for it.
 */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
const { NodeCompiler } = require(workerData.compiler);
const compiler = NodeCompiler.create({
  workspace: workerData.workspace,
  fontArgs: [{ fontBlobs: workerData.fonts.map((font) => Buffer.from(font)) }],
});
for (const [path, bytes] of workerData.files) compiler.mapShadow(path, Buffer.from(bytes));
const compiled = compiler.compile({ mainFilePath: workerData.main });
const error = compiled.hasError() ? compiled.takeError() : null;
if (error) {
  parentPort.postMessage({ diagnostics: compiler.fetchDiagnostics(error) });
} else {
  const pdf = compiler.pdf(compiled.result, workerData.options);
  parentPort.postMessage({ pdf: new Uint8Array(pdf) });
}
`;

type WorkerAnswer = { pdf?: Uint8Array; diagnostics?: unknown };

/**
 * The PDF's bytes; identical for identical content.
 *
 * Throws PDF_FAILED with Typst's diagnostics.
 */
export async function writePdf(content: PackContent): Promise<Buffer> {
  const attachments = content.reports
    .map((report) => ({ name: `${report.name}.csv`, bytes: Buffer.from(csvText(report)) }))
    .filter((file) => file.bytes.length <= MAX_ATTACHED_BYTES);
  const data = documentData(
    content,
    attachments.map((file) => file.name),
  );
  const template = readFileSync(TEMPLATE_PATH);
  return await compile(template, creationSeconds(content), [
    ['data.json', Buffer.from(JSON.stringify(data))],
    ...attachments.map((file): [string, Buffer] => [file.name, file.bytes]),
  ]);
}

/** Compiles a Typst document with the pack's fonts and standard. Throws PDF_FAILED. */
export async function compile(
  template: Buffer,
  creationTimestamp: number,
  files: readonly (readonly [string, Buffer])[],
): Promise<Buffer> {
  const main = resolve(WORKSPACE, 'report.typ');
  const worker = new Worker(WORKER, {
    eval: true,
    workerData: {
      compiler: createRequire(import.meta.url).resolve('@myriaddreamin/typst-ts-node-compiler'),
      workspace: WORKSPACE,
      fonts: FONT_PATHS.map((path) => readFileSync(path)),
      files: [
        [main, template],
        ...files.map(([name, bytes]) => [resolve(WORKSPACE, name), bytes] as const),
      ],
      main,
      options: { pdfStandard: 'a-3a', pdfTags: true, creationTimestamp },
    },
  });
  try {
    const answer = await new Promise<WorkerAnswer>((answered, failed) => {
      worker.once('message', answered);
      worker.once('error', failed);
      worker.once('exit', (code) => failed(new Error(`the worker ended with exit code ${code}`)));
    });
    if (answer.pdf) return Buffer.from(answer.pdf);
    throw failure(JSON.stringify(answer.diagnostics));
  } catch (thrown) {
    throw thrown instanceof FlowproofError ? thrown : failure(messageOf(thrown), thrown);
  } finally {
    await worker.terminate();
  }
}

/** The diagnostics' messages and places, from Typst's JSON or from the text of its export errors. */
function failure(diagnostics: string, cause?: unknown): FlowproofError {
  const messages = [...diagnostics.matchAll(/"?message"?:\s*"((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replaceAll(/\\(["\\])/g, '$1'),
  );
  const problem = messages.length > 0 ? [...new Set(messages)].join('; ') : diagnostics;
  return new FlowproofError('PDF_FAILED', {
    place: 'report.pdf',
    problem: `Typst could not make the PDF: ${problem.slice(0, 2000)}`,
    remedy: 'Report this with the text above; the CSV files and the manifest do not depend on it.',
    cause,
  });
}

/** Seconds since 1970 of the data's own time, so that the same data gives the same bytes. */
function creationSeconds(content: PackContent): number {
  const text = content.dataThrough ?? content.period.end;
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes(':');
  const milliseconds = Date.parse(hasZone ? text : `${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(milliseconds)) {
    throw new FlowproofError('PDF_FAILED', {
      place: 'report.pdf',
      problem: `the time of the data is no ISO 8601 time ("${text}")`,
      remedy: 'Give times such as 2026-01-31T23:59:59Z.',
    });
  }
  return Math.floor(milliseconds / 1000);
}

import { expect, test } from 'vitest';
import { csvText } from '../../src/reports/csv.ts';
import { dictionaryTable } from '../../src/reports/dictionary.ts';
import { packFiles } from '../../src/reports/pack-folder.ts';
import { undefuse } from '../../src/spreadsheet.ts';
import { hostilePack } from './hostile-pack.ts';
import { packContent, smallPackContent } from './pack-content.ts';
import { parseCsv } from './parse-csv.ts';

test('the dictionary has a row a report and column, with type and meaning', () => {
  const content = packContent();
  const [model] = content.reports;
  if (!model) throw new Error('the fixture has no reports');
  const csv = csvText(
    dictionaryTable({
      reports: [
        {
          ...model,
          name: 'some_report',
          columns: [
            { name: 'first_at', type: 'time', meaning: 'When the first was seen.' },
            { name: 'flow_count', type: 'number', meaning: 'Flows, "all" of them.' },
            { name: 'is_public', type: 'boolean' },
            { name: '=cmd', type: 'text', meaning: '=cmd' },
          ],
        },
      ],
    }),
  );
  expect(csv.split('\r\n')).toEqual([
    'report,column,type,meaning',
    'some_report,first_at,"time (ISO 8601, UTC)",When the first was seen.',
    'some_report,flow_count,number,"Flows, ""all"" of them."',
    'some_report,is_public,boolean (true or false),Not described by the author of the report.',
    "some_report,'=cmd,text,'=cmd",
    '',
  ]);
});

test('every column of every report is there, in the order of the pack', () => {
  const { content } = hostilePack();
  const [, ...rows] = parseCsv(csvText(dictionaryTable(content)));
  expect(rows.map((row) => row.slice(0, 2).map((field) => undefuse(field.text)))).toEqual(
    content.reports.flatMap((report) => report.columns.map((column) => [report.name, column.name])),
  );
});

test('a report cannot take the place of the dictionary', async () => {
  const content = smallPackContent();
  const [report] = content.reports;
  if (!report) throw new Error('the fixture has no reports');
  const pack = { ...content, reports: [{ ...report, name: 'dictionary' }] };
  await expect(packFiles(pack, new Map([['dictionary', 'select 1']]))).rejects.toMatchObject({
    code: 'REPORT_INVALID',
    problem: expect.stringContaining('the name of the data dictionary'),
  });
});

/**
 * `oscal.json`: the pack as NIST OSCAL assessment results, for tools that read these. Each requirement
 * and each report is an observation, with the files of the pack and their hashes as evidence.
 *
 * A finding of OSCAL has two words, "satisfied" and "not-satisfied". flowproof never says the first:
 * the assessor decides. It says the second where the evidence contradicts the requirement or is not
 * enough for a determination, which is how NIST SP 800-53A uses "other than satisfied". A requirement
 * that the evidence supports has its observation and no finding.
 */
import { dataTime } from './data-time.ts';
import { type PackFiles, sha256Of } from './manifest.ts';
import { nameUuid } from './name-uuid.ts';
import {
  type OscalContext,
  oscalContext,
  oscalFindings,
  oscalObservations,
  ownProperty,
} from './oscal-findings.ts';
import { NO_PLAN_TEXT, oscalResources } from './oscal-resources.ts';
import { oscalProse, oscalString } from './oscal-text.ts';
import type { PackContent } from './report.ts';
import { visibleJson } from './visible-text.ts';

export const OSCAL_NAME = 'oscal.json';

const OSCAL_VERSION = '1.1.3';

const METADATA_REMARKS =
  'Times of this document are those of its data: the latest record of the period, or without records ' +
  'its end. The version is a part of the hash of what the document says.';

const RESULT_REMARKS =
  'flowproof supplies evidence; the assessor decides. No finding here says "satisfied". A finding says ' +
  '"not-satisfied" where the evidence contradicts the requirement (reason "fail") or is not enough for ' +
  'a determination (reason "other"). A requirement that the evidence supports has an observation and ' +
  'no finding. The property "status" holds the status in flowproof\'s own words.';

/** The document as JSON. `files` holds the pack's CSV files and queries, whose hashes it names. */
export function oscalJson(content: PackContent, files: PackFiles): string {
  const context = oscalContext(content);
  const body = {
    'import-ap': {
      href: `#${context.uuidOf('resource', 'assessment-plan')}`,
      remarks: oscalProse(NO_PLAN_TEXT),
    },
    results: [resultOf(context)],
    'back-matter': { resources: oscalResources(context, files) },
  };
  const metadata = metadataOf(content);
  const revision = sha256Of(JSON.stringify([metadata, body]));
  return visibleJson({
    'assessment-results': {
      // OSCAL wants another id whenever the document says something else.
      uuid: nameUuid('document', revision),
      metadata: { ...metadata, version: revision.slice(0, 16) },
      ...body,
    },
  });
}

function metadataOf(content: PackContent) {
  const { pack, organization, tool, exceptions } = content;
  return {
    title: oscalProse(pack.title),
    'last-modified': dataTime(content),
    // Its place in the document; the value is known once all else is.
    version: '',
    'oscal-version': OSCAL_VERSION,
    props: [
      ownProperty('standard', pack.standard),
      ownProperty('pack', pack.name),
      ownProperty('tool', `${tool.name} ${tool.version}, ${tool.engine}`),
      ownProperty('config-sha256', content.configSha256),
      ...(exceptions === null ? [] : [ownProperty('exceptions-sha256', exceptions.sha256)]),
    ],
    ...(organization === null
      ? {}
      : {
          parties: [
            {
              uuid: nameUuid('organization', organization),
              type: 'organization',
              name: oscalString(organization),
            },
          ],
        }),
    remarks: oscalProse(METADATA_REMARKS),
  };
}

function resultOf(context: OscalContext) {
  const { pack, period, scope, requirements } = context.content;
  const controls = [...new Set(requirements.map((one) => context.controlIdOf(one.id)))];
  const observations = oscalObservations(context);
  const findings = oscalFindings(context);
  const scopeProperties = scope.map((one) =>
    ownProperty(
      'scope',
      `${one.name}: ${one.match} (${one.interfaceCount} interfaces, ${one.instanceCount} instances)`,
    ),
  );
  return {
    uuid: context.uuidOf('result', pack.name),
    title: oscalProse(`${pack.title}, ${period.start} to ${period.end}`),
    description: oscalProse(
      `What network logs of the period show of the requirements of ${pack.standard}.`,
    ),
    start: period.start,
    end: period.end,
    // OSCAL takes no empty lists.
    ...(scopeProperties.length === 0 ? {} : { props: scopeProperties }),
    'reviewed-controls': {
      'control-selections': [
        {
          description: oscalProse(
            `Requirements of ${pack.standard} that the pack lists. Their ids are made of the names of ` +
              'pack and requirement: no OSCAL catalog is referred to.',
          ),
          ...(controls.length === 0
            ? {}
            : { 'include-controls': controls.map((id) => ({ 'control-id': id })) }),
        },
      ],
    },
    ...(observations.length === 0 ? {} : { observations }),
    ...(findings.length === 0 ? {} : { findings }),
    remarks: oscalProse(RESULT_REMARKS),
  };
}

/**
 * Which ids a standard has, so that a pack with a wrong one is refused.
 *
 * Of PCI DSS v4.0.1: those that network logs bear on, under 1 (network security controls), 2 (secure
 * configurations), 10 (logging), 11 (testing and monitoring) and 12.5 (scope).
 *
 * Ids of v3.2.1 look alike and mean other things: there 10.3.1 to 10.3.6 were the content of a record
 * (now 10.2.2), 10.5.2 to 10.5.5 its protection (now 10.3.x) and 10.8 failures (now 10.7.x).
 */
const IDS_BY_SECTION: Readonly<Record<string, readonly string[]>> = {
  '1.1': ['1', '2'],
  '1.2': ['1', '2', '3', '4', '5', '6', '7', '8'],
  '1.3': ['1', '2', '3'],
  '1.4': ['1', '2', '3', '4', '5'],
  '1.5': ['1'],
  '2.1': ['1', '2'],
  '2.2': ['1', '2', '3', '4', '5', '6', '7'],
  '2.3': ['1', '2'],
  '10.1': ['1', '2'],
  '10.2': ['1', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7', '2'],
  '10.3': ['1', '2', '3', '4'],
  '10.4': ['1', '1.1', '2', '2.1', '3'],
  '10.5': ['1'],
  '10.6': ['1', '2', '3'],
  '10.7': ['1', '2', '3'],
  '11.1': ['1', '2'],
  '11.2': ['1', '2'],
  '11.3': ['1', '1.1', '1.2', '1.3', '2', '2.1'],
  '11.4': ['1', '2', '3', '4', '5', '6', '7'],
  '11.5': ['1', '1.1', '2'],
  '11.6': ['1'],
  '12.5': ['1', '2', '2.1', '3', '3.1'],
};

export const REQUIREMENT_IDS: ReadonlySet<string> = new Set(
  Object.entries(IDS_BY_SECTION).flatMap(([section, ids]) => ids.map((id) => `${section}.${id}`)),
);

/** The shape of the ids of other standards, with an example. */
const SHAPES: Readonly<Record<string, { pattern: RegExp; example: string }>> = {
  'NIST SP 800-53 Rev. 5': { pattern: /^[A-Z]{2}-\d{1,2}(?:\(\d{1,2}\))?$/, example: 'AU-3(1)' },
  'SOC 2 (Trust Services Criteria 2017)': { pattern: /^CC[1-9]\.\d{1,2}$/, example: 'CC7.2' },
  'ISO/IEC 27001:2022': { pattern: /^A\.[5-8]\.\d{1,2}$/, example: 'A.8.15' },
};

/** What is wrong with an id; of a standard that is not known here, whatever a user writes is right. */
export function requirementIdMistake(standard: string, id: string): string | undefined {
  if (standard === 'PCI DSS v4.0.1') {
    if (REQUIREMENT_IDS.has(id)) return undefined;
    return `"${id}" is no requirement of PCI DSS v4.0.1 that is known here`;
  }
  const shape = SHAPES[standard];
  if (shape === undefined || shape.pattern.test(id)) return undefined;
  return `"${id}" is no id of ${standard}, such as ${shape.example}`;
}

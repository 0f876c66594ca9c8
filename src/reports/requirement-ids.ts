/**
 * The ids of PCI DSS v4.0.1 under the requirements that network logs bear on: 1 (network security
 * controls), 2 (secure configurations), 10 (logging), 11 (testing and monitoring), and of 12 the
 * documentation of scope.
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

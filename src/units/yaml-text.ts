/** YAML for readers of any age: what YAML 1.1 takes for a date or a number is in quotes, no aliases. */
import { stringify } from 'yaml';

export function yamlText(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

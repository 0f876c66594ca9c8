/**
 * What the key or path of an object says to those who look for inventory: "Delivery to Amazon S3", AWS
 * Config Developer Guide. Its buckets hold histories of every resource type, an empty file that tests
 * whether they can be written to, and often the logs of other services.
 */
import { isReadType } from './formats/config-item.ts';
import type { Source } from './source.ts';

/** True for an object that holds no inventory by its name alone. */
export function isNoInventory(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'ConfigWritabilityCheckFile') return true;
  const type =
    /_Config_[a-z0-9-]+_(?:ConfigHistory|ChangeNotification)_([A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+)_/.exec(
      name,
    );
  if (type?.[1] !== undefined) return !isReadType(type[1]);
  const service = /(?:^|\/)AWSLogs\/(?:o-[a-z0-9]{10,32}\/)?\d{12}\/([^/]+)\//.exec(path)?.[1];
  return service !== undefined && service !== 'Config';
}

/** The source, less the objects whose names say that they hold no inventory. */
export function withoutOtherObjects(source: Source): Source {
  return {
    ...source,
    async *list(period) {
      for await (const listed of source.list(period)) {
        if (!isNoInventory(listed.uri)) yield listed;
      }
    },
  };
}

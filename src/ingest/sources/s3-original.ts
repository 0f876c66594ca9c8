/** One known object of a bucket once more, at the version that was read where the bucket keeps versions. */
import { join } from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { failCall, fileNameOf, withRetries } from './aws-call.ts';
import { type Bucket, downloadObject } from './s3-download.ts';

/**
 * Brings the object to a new file in `folder` and returns its path; undefined if S3 says that there is
 * no such object or version. Throws FlowproofError SOURCE_UNREACHABLE, naming the permission.
 */
export async function fetchS3Original(
  bucket: Bucket,
  { key, versionId }: { key: string; versionId: string | null },
  folder: string,
): Promise<string | undefined> {
  const place = `s3://${bucket.name}/${key}`;
  const version = versionId === null ? {} : { VersionId: versionId };
  const command = new HeadObjectCommand({
    Bucket: bucket.name,
    Key: key,
    ...version,
    ...(bucket.isRequesterPays ? { RequestPayer: 'requester' as const } : {}),
  });
  const head = await withRetries(() => bucket.client.send(command), bucket.sleep).catch(
    (thrown: { $metadata?: { httpStatusCode?: number } }) => {
      if (thrown.$metadata?.httpStatusCode === 404) return undefined;
      return failCall(thrown, {
        place,
        operation: 'HeadObject',
        needs: `s3:GetObject${versionId === null ? '' : ' and s3:GetObjectVersion'} on the bucket ${bucket.name}`,
      });
    },
  );
  if (head === undefined) return undefined;
  const etag = head.ETag ?? '';
  const path = join(folder, fileNameOf(place, `${etag} ${versionId ?? ''}`));
  const object = {
    key,
    etag,
    size: head.ContentLength ?? 0,
    modifiedAt: head.LastModified ?? new Date(0),
    ...(versionId === null ? {} : { versionId }),
  };
  await downloadObject(bucket, object, path);
  return path;
}

/**
 * Whether what arrived is what S3 holds: the checksum that S3 states of the whole object, else the MD5
 * that an ETag may be ("Checking object integrity", Amazon S3 User Guide).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';

export type Algorithm = 'CRC64NVME' | 'CRC32C' | 'CRC32' | 'SHA256' | 'SHA1' | 'MD5';

/** `value` is base64, or hex for MD5, as S3 writes them. */
export type Checksum = { algorithm: Algorithm; value: string };

/** The parts of an answer of S3 that tell. */
export type ChecksumAnswer = {
  ChecksumCRC64NVME?: string | undefined;
  ChecksumCRC32C?: string | undefined;
  ChecksumCRC32?: string | undefined;
  ChecksumSHA256?: string | undefined;
  ChecksumSHA1?: string | undefined;
  ETag?: string | undefined;
  ServerSideEncryption?: string | undefined;
  SSECustomerAlgorithm?: string | undefined;
};

const STATED = ['SHA256', 'SHA1', 'CRC32', 'CRC64NVME', 'CRC32C'] as const;

/**
 * The checksum of the whole object that S3 states. One with a number of parts at its end (`...-3`) is
 * made of the checksums of parts whose bounds nobody states, and proves nothing here.
 */
export function statedChecksum(answer: ChecksumAnswer): Checksum | undefined {
  for (const algorithm of STATED) {
    const value = answer[`Checksum${algorithm}`];
    if (value !== undefined && !/-\d+$/.test(value)) return { algorithm, value };
  }
  return undefined;
}

/** The MD5 that the ETag is: of objects put in one piece and not encrypted with a key of one's own. */
export function md5OfEtag(answer: ChecksumAnswer): Checksum | undefined {
  const value = /^"?([0-9a-f]{32})"?$/.exec(answer.ETag ?? '')?.[1];
  const hasOwnKey =
    answer.ServerSideEncryption?.startsWith('aws:') || answer.SSECustomerAlgorithm !== undefined;
  return value === undefined || hasOwnKey ? undefined : { algorithm: 'MD5', value };
}

/** The checksum of a file, written as S3 writes it. */
export async function checksumOfFile(path: string, algorithm: Algorithm): Promise<string> {
  const sum = startChecksum(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    sum.update(chunk as Buffer);
  }
  return sum.digest();
}

type Running = { update(bytes: Buffer): void; digest(): string };

function startChecksum(algorithm: Algorithm): Running {
  switch (algorithm) {
    case 'CRC32': {
      let value = 0;
      return {
        update: (bytes) => {
          value = crc32(bytes, value);
        },
        digest: () => base64Of([value]),
      };
    }
    case 'CRC32C':
      return startCrc(0n, 0x82f63b78n, 1);
    case 'CRC64NVME':
      return startCrc(0x9a6c9329n, 0xac4bc9b5n, 2);
    default: {
      const hash = createHash(algorithm.toLowerCase());
      return {
        update: (bytes) => {
          hash.update(bytes);
        },
        digest: () => hash.digest(algorithm === 'MD5' ? 'hex' : 'base64'),
      };
    }
  }
}

/** Big endian, as S3 encodes checksums. */
function base64Of(words: readonly number[]): string {
  const buffer = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) buffer.writeUInt32BE(word >>> 0, index * 4);
  return buffer.toString('base64');
}

/**
 * A reflected CRC of 32 or 64 bits with all ones before and after, by a table of its polynomial. The
 * 64 bits are two numbers: one number of JavaScript holds 53, and its big integers are slow.
 */
function startCrc(polyHigh: bigint, polyLow: bigint, wordCount: 1 | 2): Running {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  const polynomial = (polyHigh << 32n) | polyLow;
  for (let byte = 0n; byte < 256n; byte += 1n) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    }
    high[Number(byte)] = Number(value >> 32n);
    low[Number(byte)] = Number(value & 0xffff_ffffn);
  }
  let upper = wordCount === 2 ? ~0 : 0;
  let lower = ~0;
  return {
    update(bytes) {
      for (let at = 0; at < bytes.length; at += 1) {
        const index = (lower ^ (bytes[at] as number)) & 0xff;
        lower = ((lower >>> 8) | (upper << 24)) ^ (low[index] as number);
        upper = (upper >>> 8) ^ (high[index] as number);
      }
    },
    digest: () => base64Of(wordCount === 2 ? [~upper, ~lower] : [~lower]),
  };
}

/** CRC-32 as in zlib, gzip and PNG (polynomial 0xEDB88320, reflected). */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** Returns the checksum of the bytes before `end`, from 0 to 2^32 − 1. */
export function crc32(bytes: Uint8Array, end: number): number {
  let crc = 0xffffffff;
  for (let at = 0; at < end; at += 1) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}

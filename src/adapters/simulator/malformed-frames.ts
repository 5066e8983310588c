/** Frames that a feed may get and that cannot be read, as a whole or in part. One of each kind. */

const TEXTS: readonly [string, ...string[]] = [
  // Cut off.
  '[{"ev":"T","sym":"ZX","x":4,"i":"1","z":3,"p":10.01,"s":1',
  // Not a list, or a list of something else.
  '{"ev":"T","sym":"ZX"}',
  '[null,1,"T",[]]',
  'null',
  '',
  // Events with values that are not allowed: a price of 1e300, a negative size, a symbol of 10 kB, no sequence.
  '[{"ev":"T","sym":"ZX","x":4,"i":"1","z":3,"p":1e300,"s":100,"t":1700000000000,"q":1}]',
  '[{"ev":"T","sym":"ZX","x":4,"i":"1","z":3,"p":10.01,"s":-100,"t":1700000000000,"q":1}]',
  `[{"ev":"T","sym":"${'Z'.repeat(10_000)}","x":4,"i":"1","z":3,"p":10.01,"s":100,"t":1700000000000,"q":1}]`,
  '[{"ev":"T","sym":"ZX","x":4,"i":"1","z":3,"p":10.01,"s":100,"t":1700000000000}]',
  '[{"ev":"T","sym":"ZX","x":"4","i":1,"z":9,"p":"10.01","s":null,"c":"14","t":"now","q":1.5}]',
  // A kind of event that nobody knows, and one with the name of an object's own member.
  '[{"ev":"ZZ","sym":"ZX"},{"ev":"constructor"},{"ev":"__proto__"}]',
];

let frames: readonly [Uint8Array, ...Uint8Array[]] | undefined;

/** Returns the frames. The last one is not text. */
export function malformedFrames(): readonly [Uint8Array, ...Uint8Array[]] {
  const [first, ...others] = TEXTS;
  frames ??= [Buffer.from(first), ...others.map((text) => Buffer.from(text)), Uint8Array.of(0x5b, 0xff, 0xfe, 0x5d)];
  return frames;
}

/** Sound text, as messages describe it. */
export const SOUND_TEXT = 'Unicode text without U+0000 and without halves of surrogate pairs';

/** Returns whether SQL, file systems and other programs can hold the text as it is. */
export function isSoundText(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** The line width of all documents, tables and code aside. `test/house-rules/words.test.ts` holds every page to it. */
export const WIDTH = 120;

/** Breaks prose and list items of a Markdown page that are wider than a line. Tables, headings and code stay as they are. */
export function wrapMarkdown(text: string): string {
  let isCode = false;
  const lines = text.split('\n').flatMap((line) => {
    if (/^\s*```/.test(line)) isCode = !isCode;
    return isCode || /^\s*[|#]/.test(line) || line.length <= WIDTH ? [line] : wrapLine(line);
  });
  return lines.join('\n');
}

function wrapLine(line: string): string[] {
  const [start] = /^\s*(?:[-*] |\d+\. )?/.exec(line) ?? [''];
  const indent = ' '.repeat(start.length);
  const lines: string[] = [];
  let current = start;
  for (const word of line.slice(start.length).split(' ')) {
    const longer = current.length === start.length ? current + word : `${current} ${word}`;
    if (longer.length <= WIDTH) {
      current = longer;
    } else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current];
}

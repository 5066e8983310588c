import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { INDICATORS_MAX, SERIES_COLORS } from '../chart/indicators.ts';

/** Contrast of the palette by WCAG 2.2: 4.5 to 1 for text (1.4.3), 3 to 1 for meaningful shapes (1.4.11). */

const css = readFileSync(`${import.meta.dirname}/palette.css`, 'utf8');

const themes = {
  light: colorsOf(/^:root \{([^}]*)\}/m),
  dark: colorsOf(/^:root\[data-theme="dark"\] \{([^}]*)\}/m),
};

const TEXT_PAIRS: readonly (readonly [text: string, backgrounds: readonly string[]])[] = [
  ['text', ['bg', 'surface', 'raised', 'accent-soft', 'warn-soft', 'bad-soft', 'good-soft', 'note-soft']],
  ['text-soft', ['bg', 'surface', 'raised', 'accent-soft']],
  ['accent', ['bg', 'surface', 'raised', 'accent-soft']],
  ['on-accent', ['accent']],
  ['up', ['bg', 'surface', 'raised', 'good-soft']],
  ['down', ['bg', 'surface', 'raised', 'bad-soft']],
  ['warn', ['surface', 'warn-soft']],
  ['bad', ['surface', 'bad-soft']],
  ['note', ['surface', 'note-soft']],
];
const SERIES = Array.from({ length: SERIES_COLORS }, (_, n) => `series-${n + 1}`);
const SHAPES = ['up-fill', 'down-fill', 'line-strong', ...SERIES];

for (const [name, colors] of Object.entries(themes)) {
  test(`text of the ${name} theme has enough contrast with its backgrounds`, () => {
    for (const [text, backgrounds] of TEXT_PAIRS) {
      for (const background of backgrounds) {
        const ratio = contrast(colors.get(text), colors.get(background));
        assert.ok(ratio >= 4.5, `--${text} on --${background}: ${ratio.toFixed(2)}`);
      }
    }
  });
  test(`shapes of the ${name} theme have enough contrast with the surface`, () => {
    for (const shape of SHAPES) {
      const ratio = contrast(colors.get(shape), colors.get('surface'));
      assert.ok(ratio >= 3, `--${shape}: ${ratio.toFixed(2)}`);
    }
  });
}

for (const [name, colors] of Object.entries(themes)) {
  test(`up is lighter than down in the ${name} theme, so that bars can be told apart without color`, () => {
    const [up = '', down = ''] = [colors.get('up-fill'), colors.get('down-fill')];
    assert.ok(luminance(up) > luminance(down) && contrast(up, down) >= 1.5, `${contrast(up, down).toFixed(2)} : 1`);
  });
}

test('every line of a full set of indicators has its own color in either theme', () => {
  assert.ok(SERIES_COLORS >= INDICATORS_MAX);
  for (const colors of Object.values(themes)) {
    assert.equal(new Set(SERIES.map((name) => colors.get(name))).size, SERIES_COLORS);
  }
});

test('both themes define the same colors', () => {
  assert.deepEqual([...themes.dark.keys()], [...themes.light.keys()]);
});

test('the contrast of known pairs matches the standard', () => {
  assert.equal(contrast('#000000', '#ffffff'), 21);
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48');
});

function colorsOf(block: RegExp): Map<string, string> {
  const [, body = ''] = block.exec(css) ?? [];
  const found = new Map(
    [...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
  assert.ok(found.size > 20, 'the palette has colors');
  return found;
}

function contrast(a: string | undefined, b: string | undefined): number {
  assert.ok(a !== undefined && b !== undefined, 'both colors are in the palette');
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

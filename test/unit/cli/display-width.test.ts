import { describe, expect, it } from 'vitest';
import { cutToWidth, displayWidth, padToWidth } from '../../../cli/display-width.ts';

describe('the width of text on a terminal', () => {
  it.each([
    ['', 0],
    ['plain', 5],
    ['Größe → ✓ …', 11],
    ['━━─ ╌╌ █', 8],
    ['日本語', 6],
    ['한글', 4],
    ['Ｆｕｌｌ', 8],
    ['😀', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['e\u0301', 1],
    ['a\u200bb', 2],
  ])('%s is %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('text that is cut', () => {
  it.each([
    ['plain', 5, 'plain'],
    ['plain', 4, 'pla…'],
    ['plain', 1, '…'],
    ['plain', 0, ''],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['👩‍👩‍👧‍👦 family', 5, '👩‍👩‍👧‍👦 f…'],
  ])('%s fits into %i columns as %s', (text, width, cut) => {
    expect(cutToWidth(text, width)).toBe(cut);
    expect(displayWidth(cutToWidth(text, width))).toBeLessThanOrEqual(width);
  });
});

it('text is filled up by what it takes on the screen', () => {
  expect([padToWidth('日本', 6), padToWidth('日本', 6, 'right'), padToWidth('long', 2)]).toEqual([
    '日本  ',
    '  日本',
    'long',
  ]);
});

import { describe, expect, it } from 'vitest';
import { closest, didYouMean } from '../../shared/closest.ts';

describe('what was probably meant', () => {
  it.each([
    ['order-shiped', 'order-shipped'],
    ['order-shipepd', 'order-shipped'],
    ['ORDER-SHIPPED', 'order-shipped'],
    ['01m83j1cwckj', '01M83J1CWCKJQKQWSQAWE9J523'],
    ['01M83J1CWCKJQKQWSQAWE9J532', '01M83J1CWCKJQKQWSQAWE9J523'],
    ['audti', 'audit'],
    ['something-else', undefined],
    ['x', undefined],
    ['', undefined],
  ])('by %s is %s', (word, meant) => {
    expect(closest(word, ['audit', 'order-invalid', 'order-shipped', '01M83J1CWCKJQKQWSQAWE9J523'])).toBe(meant);
  });

  it('is asked for, or not spoken of', () => {
    expect(didYouMean('audti', ['audit'])).toBe(` Did you mean 'audit'?`);
    expect(didYouMean('nothing like it', ['audit'])).toBe('');
  });
});

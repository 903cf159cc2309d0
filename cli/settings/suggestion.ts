/** What somebody may have meant who wrote something else. */

/** The most that a word may differ from what was meant: a letter more, less or in another's place, in three. */
const LETTERS_PER_SLIP = 3;

/** The word that is nearest to `given`, or begins with it; null where none is near. */
export function nearest(
  given: string,
  words: readonly string[],
): string | null {
  const lower = given.toLowerCase();
  const most = Math.max(1, Math.floor(given.length / LETTERS_PER_SLIP));
  let found: string | null = null;
  let least = most + 1;
  for (const word of words) {
    const slips = slips_between(lower, word.toLowerCase());
    if (slips < least) [found, least] = [word, slips];
  }
  if (found !== null || given.length < LETTERS_PER_SLIP) return found;
  return words.find((word) => word.toLowerCase().startsWith(lower)) ?? null;
}

/** How many letters are missing, too many or others in one of two words (Levenshtein); two that are swapped are one. */
function slips_between(one: string, other: string): number {
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const is_same = one[i - 1] === other[j - 1];
      let slips = Math.min(
        row[j]! + 1,
        next[j - 1]! + 1,
        row[j - 1]! + (is_same ? 0 : 1),
      );
      const is_swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] &&
        one[i - 2] === other[j - 1];
      if (is_swapped) slips = Math.min(slips, before[j - 2]! + 1);
      next.push(slips);
    }
    [before, row] = [row, next];
  }
  return row[other.length]!;
}

/** `: did you mean X?`; "" without one. */
export function did_you_mean(suggestion: string | null): string {
  return suggestion === null ? "" : `: did you mean ${suggestion}?`;
}

/** The score, in basis points, that says "target met". */
export const FULL_SCORE = 10_000;
/** The highest score, in basis points, that a curve may give. */
export const MAX_SCORE = 20_000;
/** What the weights of a grant sum to, in basis points. */
export const FULL_WEIGHT = 10_000;
/** The credit that pays a tranche in full. */
export const FULL_CREDIT = 100_000_000n;

/** Why something could not be computed: the names of the errors of the Rust arithmetic, `crates/core`. */
export type CoreErrorCode =
  | 'Overflow'
  | 'NoCadence'
  | 'BadPeriodCount'
  | 'PeriodOutOfRange'
  | 'TooFewPoints'
  | 'TooManyPoints'
  | 'PointsNotRising'
  | 'ScoreTooHigh'
  | 'BadWeights'
  | 'NoVotes'
  | 'BadThreshold'
  | 'TooManyOracles'
  | 'TooManyKpis'
  | 'LengthMismatch'
  | 'PartExceedsWhole'
  | 'EmptySpan'
  | 'RulingWithoutDispute'
  | 'BadPrice'
  | 'ExponentOutOfRange';

/** An error of the arithmetic. */
export class CoreError extends Error {
  constructor(readonly code: CoreErrorCode) {
    super(code);
    this.name = 'CoreError';
  }
}

/** Throws {@link CoreError} `code`. */
export function fail(code: CoreErrorCode): never {
  throw new CoreError(code);
}

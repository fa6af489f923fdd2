// Written by scripts/generate.mjs from idl/earnout.json.

/** Longest unit of account of a plan, in bytes of UTF-8. */
export const MAX_ACCOUNT_UNIT_LEN = 8;

/** Largest bonus cap, in basis points of a tranche (100 times the tranche). */
export const MAX_BONUS_CAP_BPS = 1000000;

/** Most points of a curve. */
export const MAX_CURVE_POINTS = 8;

/** Most KPIs a plan can have. */
export const MAX_KPIS = 16;

/** Most decimals of a KPI's fixed-point values; `i64` holds 18 whole digits. */
export const MAX_KPI_DECIMALS = 18;

/** Longest name of a plan or a KPI, in bytes of UTF-8. */
export const MAX_NAME_LEN = 32;

/** Most oracles in a set. */
export const MAX_ORACLES = 8;

/** Most periods of a calendar. */
export const MAX_PERIODS = 120;

/** Longest `Months` period. */
export const MAX_PERIOD_MONTHS = 12;

/** Longest `Seconds` period (366 days). */
export const MAX_PERIOD_SECS = 31622400;

/** How far in the future a calendar may begin, in seconds (5 years). */
export const MAX_START_DELAY_SECS = 158112000;

/** Most decimals of a plan's unit of account. */
export const MAX_UNIT_DECIMALS = 9;

/** Longest unit of a KPI, in bytes of UTF-8. */
export const MAX_UNIT_LEN = 16;

/** Longest address of a plan's documents, in bytes of UTF-8. */
export const MAX_URI_LEN = 96;

/** Longest attestation, challenge, ruling and notice window, in seconds (90 days): nobody's pay waits longer for a step. */
export const MAX_WINDOW_SECS = 7776000;

/** Shortest period and shortest window, in seconds. Long enough that clock drift of the cluster and a short outage of an oracle or arbiter cannot decide about pay. */
export const MIN_WINDOW_SECS = 600;

/** In the values of a page: the oracle's vote stays what it was. No KPI's range contains it. */
export const NO_VALUE = -9223372036854775808n;

/** Most grants of a page. */
export const PAGE_GRANTS = 64;

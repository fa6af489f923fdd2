// What went wrong with the chain or the wallet, in words a user can act on.
import { ERROR_TEXTS } from '../generated/errors/texts';
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from './token';

const SYSTEM_PROGRAM = '11111111111111111111111111111111';

export type FaultKind =
  /** The user said no in the wallet. */
  | 'rejected'
  /** It was not executed in time, and can no longer be; nothing happened. */
  | 'expired'
  /** The program or another one refused. */
  | 'refused'
  /** The endpoint did not answer, or not with what it was asked for. */
  | 'unreachable'
  /** The endpoint answered that it cannot do this. */
  | 'endpoint'
  /** A part of the app could not be loaded. */
  | 'chunk'
  /** The wallet signed with another key than the one asked for. */
  | 'wrong-account'
  /** The wallet went away. */
  | 'disconnected'
  /** What was entered or linked to is not possible. */
  | 'input';

export class Fault extends Error {
  constructor(
    readonly kind: FaultKind,
    message: string,
    /** What to do about it. */
    readonly advice = '',
    readonly logs: readonly string[] = [],
  ) {
    super(message);
    this.name = 'Fault';
  }
}

/** Anchor's own errors that this program's instructions can end with. */
const FRAMEWORK: Record<number, string> = {
  101: 'The program does not know this instruction.',
  102: 'The program could not read the instruction.',
  2000: 'An account that is written to was not passed as writable.',
  2001: 'An account does not belong to the one it was named with.',
  2002: 'A signature is missing.',
  2006: 'An address is not the one that follows from its seeds.',
  2012: 'An account is another one than the instruction asks for.',
  3001: 'An account does not hold data of this program.',
  3002: 'An account is of another kind than the instruction asks for.',
  3003: 'An account could not be read.',
  3005: 'Accounts are missing.',
  3007: 'An account belongs to another program.',
  3010: 'A signature is missing.',
  3012: 'An account does not exist yet.',
};

/** Errors of the System Program that reach the user. */
const SYSTEM: Record<number, string> = {
  0: 'An account that should be made exists already.',
  1: 'There is not enough SOL.',
};

/** Errors that the two token programs share, and those of Token-2022 that a payment can meet. */
const TOKEN: Record<number, string> = {
  0: 'The token account would not hold enough SOL for its rent.',
  1: 'There are not enough tokens.',
  2: 'An account is not of this token.',
  3: 'A token account belongs to another token.',
  4: 'A token account belongs to somebody else.',
  12: 'The token program does not know this instruction for this token.',
  14: 'The amount is too large.',
  16: 'The token account cannot be frozen or thawed.',
  17: 'The token account is frozen by the token’s freeze authority.',
  18: 'The amount is not one of this token’s decimals.',
  36: 'The receiving account requires a memo with every transfer.',
};

/** Errors of transactions that are not the error of one program, by the name that endpoints give them. */
const CHAIN: Record<string, string> = {
  AccountInUse: 'Another transaction is using the same account at this moment. Try again.',
  AlreadyProcessed: 'This transaction was executed already.',
  SignatureFailure: 'A signature of the transaction is wrong.',
  InvalidAccountForFee: 'The paying account cannot pay fees.',
  ProgramAccountNotFound: 'The program is not on this network.',
  InvalidProgramForExecution: 'The program is not on this network.',
  UnsupportedProgramId: 'The program is not on this network.',
  TooManyAccountLocks: 'The transaction names too many accounts.',
  MaxLoadedAccountsDataSizeExceeded: 'The accounts of the transaction hold more data than it may load.',
  ClusterMaintenance: 'The network is being maintained and takes no transactions.',
  UnsupportedVersion: 'The network does not take transactions of this version.',
  ComputationalBudgetExceeded: 'The transaction needs more computation than it may use.',
  ProgramFailedToComplete: 'A program stopped before it was done.',
  MissingRequiredSignature: 'A signature is missing.',
  MissingAccount: 'An account is missing.',
  InvalidAccountData: 'An account does not hold what the program expects.',
  InvalidAccountOwner: 'An account belongs to another program.',
  IllegalOwner: 'An account belongs to another owner than the program expects.',
  IncorrectProgramId: 'An account belongs to another program.',
  AccountAlreadyInitialized: 'An account that should be made exists already.',
  UninitializedAccount: 'An account does not exist yet.',
  AccountNotExecutable: 'The program is not on this network.',
};

/** The program's error with this number, in its own words; undefined for a number it does not have. */
export function programError(code: number): { name: string; message: string } | undefined {
  const framework = FRAMEWORK[code];
  return ERROR_TEXTS[code] ?? (framework === undefined ? undefined : { name: `Anchor ${code}`, message: framework });
}

/** Turns the error of a transaction or simulation into words. */
export function refusal(error: unknown, logs: readonly string[] = []): Fault {
  const code = customCode(error);
  if (code !== undefined) {
    const known = programError(code);
    if (known) return new Fault('refused', `${known.name}: ${known.message}`, '', logs);
    return new Fault('refused', otherError(code, logs), '', logs);
  }
  const name = errorName(error);
  if (name === 'BlockhashNotFound') return expired();
  if (name === 'AccountNotFound' || name.includes('InsufficientFunds')) {
    return new Fault(
      'refused',
      'The paying account does not hold enough SOL for the fee and the rent.',
      'Send some SOL to it and try again.',
      logs,
    );
  }
  const advice = name === 'UnsupportedVersion' ? 'Choose version 0 under “Change” at the top of the page.' : '';
  return new Fault('refused', CHAIN[name] ?? `The chain refused the transaction: ${name}.`, advice, logs);
}

/** The words of another program's error: which one it was stands in the logs. */
function otherError(code: number, logs: readonly string[]): string {
  const failed = logs.map((line) => /^Program (\w+) failed: custom program error/.exec(line)?.[1]).find(Boolean);
  const words = failed === SYSTEM_PROGRAM ? SYSTEM[code] : TOKEN[code];
  if (failed === undefined && code === 1) return 'There is not enough SOL or there are not enough tokens.';
  const isKnown =
    failed === undefined || [SYSTEM_PROGRAM, TOKEN_PROGRAM, TOKEN_2022_PROGRAM].some((each) => each === failed);
  const name = failed === undefined ? 'A program' : `The program ${failed}`;
  return (isKnown ? words : undefined) ?? `${name} refused with its error ${code}.`;
}

export function expired(): Fault {
  return new Fault(
    'expired',
    'The transaction was not executed in time, and can no longer be. Nothing was changed.',
    'Try again. If it happens often, the endpoint may not pass transactions on.',
  );
}

/** Any error as a fault. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  // By its name: a class can be in the page more than once. Its own message is a number to be decoded elsewhere.
  if (error instanceof Error && error.name === 'SolanaError') {
    const code = (error as { context?: { __code?: unknown } }).context?.__code;
    const message = `The page could not work with what it was given (Solana error ${String(code)}).`;
    return new Fault('refused', message, 'Try again. If it stays, please report it with this number.');
  }
  const message = error instanceof Error ? error.message : String(error);
  return new Fault('refused', message);
}

/** The number in `{"InstructionError": [i, {"Custom": code}]}`. */
function customCode(error: unknown): number | undefined {
  const inner = instructionError(error);
  if (typeof inner !== 'object' || inner === null || !('Custom' in inner)) return undefined;
  const code = Number(inner.Custom);
  return Number.isSafeInteger(code) ? code : undefined;
}

function instructionError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('InstructionError' in error)) return undefined;
  const pair = error.InstructionError;
  return Array.isArray(pair) ? (pair[1] as unknown) : undefined;
}

function errorName(error: unknown): string {
  const inner = instructionError(error) ?? error;
  if (typeof inner === 'string') return inner;
  if (typeof inner === 'object' && inner !== null) return Object.keys(inner)[0] ?? 'unknown error';
  return String(inner);
}

// What went wrong with the chain or the wallet, in words a user can act on.
import { ERROR_TEXTS } from '../generated/errors/texts';

export type FaultKind =
  /** The user said no in the wallet. */
  | 'rejected'
  /** It was not executed in time, and can no longer be; nothing happened. */
  | 'expired'
  /** The program or another one refused. */
  | 'refused'
  /** The endpoint did not answer. */
  | 'unreachable'
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
  3001: 'An account has no content of this program.',
  3002: 'An account is of another kind than the instruction asks for.',
  3003: 'An account could not be read.',
  3005: 'Accounts are missing.',
  3007: 'An account belongs to another program.',
  3010: 'A signature is missing.',
  3012: 'An account does not exist yet.',
};

/** Errors of the System and the token programs, which reach the user when SOL or tokens are missing. */
const PLAIN: Record<number, string> = {
  1: 'There is not enough SOL or there are not enough tokens.',
  3: 'A token account is of another token.',
  4: 'A token account belongs to somebody else.',
  17: 'A token account is frozen: whoever may freeze this token has to thaw it first.',
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
    return new Fault('refused', PLAIN[code] ?? `A program refused with its error ${code}.`, '', logs);
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
  return new Fault('refused', `The chain refused the transaction: ${name}.`, '', logs);
}

export function expired(): Fault {
  return new Fault(
    'expired',
    'The transaction was not executed in time, and can no longer be. Nothing was changed.',
    'Try again. If it happens often, the endpoint may not pass transactions on.',
  );
}

export function unreachable(url: string): Fault {
  return new Fault(
    'unreachable',
    `The RPC endpoint ${url} does not answer.`,
    'Check your connection, or choose another endpoint at the top of the page.',
  );
}

/** Any error as a fault. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
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

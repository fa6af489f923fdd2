import { type ChangeEvent, type ReactNode, useId, useState } from 'react';
import { fromTyped, parseValue, shortAmount } from '../text/amount';

type Common = { label: ReactNode; hint?: ReactNode; error?: string | undefined };

function Frame({ id, label, hint, error, children }: Common & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {error !== undefined && (
        <p className="error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

const described = (id: string, { hint, error }: Common) =>
  [error !== undefined ? `${id}-error` : '', hint !== undefined ? `${id}-hint` : ''].join(' ').trim() || undefined;

type TextProps = Common & {
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'datetime-local';
  inputMode?: 'numeric' | 'decimal' | 'text';
  placeholder?: string;
  rows?: number;
};

/** A labelled line (or lines) of text with its hint and what is wrong with it. */
export function TextField(props: TextProps) {
  const { value, onChange, type = 'text', inputMode, placeholder, rows, ...common } = props;
  const id = useId();
  const shared = {
    id,
    value,
    placeholder,
    'aria-invalid': common.error !== undefined,
    'aria-describedby': described(id, common),
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange(event.target.value),
    spellCheck: false,
    autoComplete: 'off',
  };
  return (
    <Frame id={id} {...common}>
      {rows === undefined ? (
        <input {...shared} type={type} inputMode={inputMode} />
      ) : (
        <textarea {...shared} rows={rows} />
      )}
    </Frame>
  );
}

/** What a keyboard has to have: digits, digits and what separates decimals, or a minus as well (phones' lack it). */
const KEYBOARDS = { whole: 'numeric', decimal: 'decimal', signed: 'text' } as const;

/**
 * A line for a number. People type it as they do where they are, `onChange` gets it in the notation of files; what was
 * understood is shown where the two may differ.
 */
export function NumberField({
  value,
  onChange,
  error,
  hint,
  kind = 'decimal',
  label,
}: Common & { value: string; onChange: (value: string) => void; kind?: keyof typeof KEYBOARDS }) {
  const [entry, setEntry] = useState({ typed: value, given: value });
  // A value that was not typed here, but came from a file.
  const typed = entry.given === value ? entry.typed : value;
  const read = fromTyped(typed);
  const wrong = 'error' in read ? `“${typed.trim()}” ${read.error}` : error;
  const understood = 'text' in read && /\d/.test(typed) && /[^\d-]/.test(typed.trim()) ? shown(read.text) : undefined;
  return (
    <TextField
      label={label}
      value={typed}
      inputMode={KEYBOARDS[kind]}
      error={wrong}
      hint={
        understood !== undefined && wrong === undefined ? (
          <>
            {hint !== undefined && <>{hint} </>}Read as {understood}.
          </>
        ) : (
          hint
        )
      }
      onChange={(text) => {
        const meant = fromTyped(text);
        // What can be two numbers is none until it is one.
        const given = 'text' in meant ? meant.text : `${text} ?`;
        setEntry({ typed: text, given });
        onChange(given);
      }}
    />
  );
}

/** A number as it was read, thousands separated by spaces, so that it looks the same to everybody. */
function shown(text: string): string | undefined {
  const parsed = parseValue(text, 18);
  if ('error' in parsed) return undefined;
  return shortAmount(parsed.value, 18).replaceAll(',', '\u202f');
}

type SelectProps<T extends string> = Common & {
  value: T;
  onChange: (value: T) => void;
  options: readonly (readonly [T, string])[];
};

export function SelectField<T extends string>({ value, onChange, options, ...common }: SelectProps<T>) {
  const id = useId();
  return (
    <Frame id={id} {...common}>
      <select
        id={id}
        value={value}
        aria-describedby={described(id, common)}
        onChange={(event) => onChange(event.target.value as T)}
      >
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}

export function CheckField({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}

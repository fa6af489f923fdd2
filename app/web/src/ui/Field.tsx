import { type ChangeEvent, type ReactNode, useId } from 'react';

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
  numeric?: boolean;
  placeholder?: string;
  rows?: number;
};

/** A labelled line (or lines) of text with its hint and what is wrong with it. */
export function TextField(props: TextProps) {
  const { value, onChange, type = 'text', numeric, placeholder, rows, ...common } = props;
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
        <input {...shared} type={type} inputMode={numeric ? 'decimal' : undefined} />
      ) : (
        <textarea {...shared} rows={rows} />
      )}
    </Frame>
  );
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

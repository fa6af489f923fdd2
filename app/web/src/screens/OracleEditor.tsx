import { MAX_ORACLES } from '../generated/constants';
import { NumberField, TextField } from '../ui/Field';

/** A set of oracles and how many decide. */
export function OracleEditor({
  keys,
  threshold,
  onKeys,
  onThreshold,
}: {
  keys: readonly string[];
  threshold: string;
  onKeys: (keys: string[]) => void;
  onThreshold: (threshold: string) => void;
}) {
  return (
    <>
      <TextField
        label="Oracles"
        rows={3}
        value={keys.join('\n')}
        onChange={(text) => onKeys(text.split('\n').map((key) => key.trim()))}
        hint={`1 to ${MAX_ORACLES} addresses, one a line, all different from authority and arbiter.`}
      />
      <NumberField
        label="How many decide"
        kind="whole"
        value={threshold}
        onChange={onThreshold}
        hint="More than half of them. A value counts as soon as so many report the same."
      />
    </>
  );
}

import { isRough } from '../model/grantFile';
import { EMPTY_PRICE, type PriceDraft } from '../model/planDraft';
import { parseValue } from '../text/amount';
import { CheckField, NumberField, TextField } from '../ui/Field';
import { Notice } from '../ui/Notice';
import { FeedEditor } from './FeedEditor';

/** The unit of account of a plan and the price of its token, if it has them. */
export function PriceEditor({
  price,
  onChange,
}: {
  price: PriceDraft | undefined;
  onChange: (price: PriceDraft | undefined) => void;
}) {
  const set = (change: Partial<PriceDraft>) => onChange({ ...(price ?? EMPTY_PRICE), ...change });
  return (
    <>
      <CheckField
        label="Grants may be stated in another unit, like USD, and are paid at the token’s price of each period"
        checked={price !== undefined}
        onChange={(on) => onChange(on ? EMPTY_PRICE : undefined)}
      />
      {price !== undefined && (
        <>
          <div className="row">
            <TextField
              label="Unit of account"
              value={price.unit}
              onChange={(unit) => set({ unit })}
              hint="like USD; at most 8 letters"
            />
            <NumberField
              label="Decimals of amounts in it"
              kind="whole"
              value={price.unitDecimals}
              onChange={(unitDecimals) => set({ unitDecimals })}
            />
            <TextField label="Name of the price" value={price.name} onChange={(name) => set({ name })} />
            <NumberField
              label="Decimals of the price"
              kind="whole"
              value={price.decimals}
              onChange={(decimals) => set({ decimals })}
            />
          </div>
          <div className="row">
            <NumberField
              label="Lowest accepted price"
              value={price.min}
              onChange={(min) => set({ min })}
              hint="Of a whole token, above 0."
            />
            <NumberField label="Highest accepted price" value={price.max} onChange={(max) => set({ max })} />
            <NumberField
              label="Price if nobody reports"
              value={price.fallback}
              onChange={(fallback) => set({ fallback })}
              hint="A low one pays more tokens: who bears the risk of silence is decided now."
            />
          </div>
          <Rough price={price} />
          <FeedEditor feed={price.feed} onChange={(feed) => set({ feed })} />
          <TextField
            label="Rubric: how the price is measured"
            value={price.rubric}
            rows={3}
            onChange={(rubric) => set({ rubric })}
            hint="For example the average of the period’s daily closes. Publish this text; its SHA-256 goes on the chain. You can also paste the SHA-256 itself."
          />
        </>
      )}
    </>
  );
}

function Rough({ price: { decimals, min, unit } }: { price: PriceDraft }) {
  const places = /^\d{1,2}$/.test(decimals.trim()) ? Number(decimals) : undefined;
  const lowest = places === undefined ? undefined : parseValue(min.trim(), places);
  if (lowest === undefined || 'error' in lowest || lowest.value <= 0n || !isRough(lowest.value)) return null;
  return (
    <Notice tone="warn">
      The lowest accepted price, {min} {unit}, has fewer than three digits with these decimals: near it a price is
      rough, and the pay with it. More decimals help.
    </Notice>
  );
}

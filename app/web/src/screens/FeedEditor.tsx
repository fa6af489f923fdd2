import { EMPTY_FEED, type FeedDraft } from '../model/planDraft';
import { CheckField, SelectField, TextField } from '../ui/Field';

/** The price feed from which a value can be read, if it has one. */
export function FeedEditor({
  feed,
  onChange,
}: {
  feed: FeedDraft | undefined;
  onChange: (feed: FeedDraft | undefined) => void;
}) {
  const set = (change: Partial<FeedDraft>) => onChange({ ...(feed ?? EMPTY_FEED), ...change });
  return (
    <>
      <CheckField
        label="Anyone can read it from a price feed on the chain (the oracles’ votes count if nobody does)"
        checked={feed !== undefined}
        onChange={(on) => onChange(on ? EMPTY_FEED : undefined)}
      />
      {feed !== undefined && (
        <>
          <div className="row">
            <SelectField
              label="Receiver"
              value={feed.receiver}
              onChange={(receiver) => set({ receiver })}
              options={[
                ['pyth', 'Pyth'],
                ['pyth-pro', 'Pyth Pro'],
              ]}
            />
            <SelectField
              label="Which price"
              value={feed.price}
              onChange={(price) => set({ price })}
              options={[
                ['spot', 'spot price'],
                ['average', 'moving average'],
              ]}
            />
            <TextField
              label="Published after the period within"
              value={feed.maxDelay}
              onChange={(maxDelay) => set({ maxDelay })}
              hint="at most as long as the oracles vote"
            />
            <TextField
              label="Certain to"
              value={feed.maxConfidence}
              onChange={(maxConfidence) => set({ maxConfidence })}
              hint="of the price, like 2 %"
            />
          </div>
          <TextField
            label="Identifier of the feed"
            value={feed.id}
            onChange={(id) => set({ id })}
            hint="64 hexadecimal digits, as the feed’s page shows them."
          />
        </>
      )}
    </>
  );
}

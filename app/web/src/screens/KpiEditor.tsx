import { useId } from 'react';
import { CurveChart } from '../charts/CurveChart';
import { MAX_CURVE_POINTS } from '../generated/constants';
import { draftCurve } from '../model/kpiCheck';
import type { KpiDraft, PointDraft } from '../model/planDraft';
import { parseValue } from '../text/amount';
import { NumberField, SelectField, TextField } from '../ui/Field';
import { Icon } from '../ui/Icon';
import { FeedEditor } from './FeedEditor';
import { INTERPOLATION, SCOPE } from './words';

/** The terms of one KPI, with its curve drawn as it is written. */
export function KpiEditor({
  kpi,
  title,
  onChange,
  onRemove,
}: {
  kpi: KpiDraft;
  title: string;
  onChange: (kpi: KpiDraft) => void;
  onRemove?: (() => void) | undefined;
}) {
  const set = (change: Partial<KpiDraft>) => onChange({ ...kpi, ...change });
  const preview = draftCurve(kpi);
  const bound = (text: string, otherwise: bigint) => {
    const parsed = parseValue(text.trim(), preview?.decimals ?? 0);
    return 'value' in parsed ? parsed.value : otherwise;
  };
  const [first, last] = [preview?.curve.points[0], preview?.curve.points.at(-1)];
  return (
    <fieldset>
      <legend>{title}</legend>
      <div className="row">
        <TextField label="Name" value={kpi.name} onChange={(name) => set({ name })} />
        <TextField label="Unit" value={kpi.unit} onChange={(unit) => set({ unit })} hint="for example % or users" />
        <NumberField label="Decimals" kind="whole" value={kpi.decimals} onChange={(decimals) => set({ decimals })} />
      </div>
      <div className="row">
        <SelectField
          label="Measured"
          value={kpi.scope}
          onChange={(scope) => set(scope === 'shared' ? { scope } : { scope, feed: undefined })}
          options={Object.entries(SCOPE) as [KpiDraft['scope'], string][]}
        />
        <NumberField label="Smallest accepted value" kind="signed" value={kpi.min} onChange={(min) => set({ min })} />
        <NumberField label="Largest accepted value" kind="signed" value={kpi.max} onChange={(max) => set({ max })} />
      </div>
      <div className="reading">
        <div>
          <PointEditor points={kpi.curve} onChange={(curve) => set({ curve })} />
          <SelectField
            label="Between points"
            value={kpi.interpolation}
            onChange={(interpolation) => set({ interpolation })}
            options={Object.entries(INTERPOLATION) as [KpiDraft['interpolation'], string][]}
          />
        </div>
        {preview !== undefined && first !== undefined && last !== undefined ? (
          <CurveChart
            curve={preview.curve}
            decimals={preview.decimals}
            unit={kpi.unit}
            rangeMin={bound(kpi.min, first.value)}
            rangeMax={bound(kpi.max, last.value)}
          />
        ) : (
          <p className="muted">The curve shows here once its values rise and its scores are at most 20_000.</p>
        )}
      </div>
      <NumberField
        label="Score if nobody reports"
        value={kpi.defaultScore}
        onChange={(defaultScore) => set({ defaultScore })}
        hint="Basis points, at most 10_000: who bears the risk of silence is decided now."
      />
      {kpi.scope === 'shared' && <FeedEditor feed={kpi.feed} onChange={(feed) => set({ feed })} />}
      <TextField
        label="Rubric: how it is measured"
        value={kpi.rubric}
        rows={3}
        onChange={(rubric) => set({ rubric })}
        hint="Publish this text; its SHA-256 goes on the chain. You can also paste the SHA-256 itself."
      />
      {onRemove !== undefined && (
        <p className="actions">
          <button type="button" className="button" onClick={onRemove}>
            Remove this KPI
          </button>
        </p>
      )}
    </fieldset>
  );
}

function PointEditor({
  points,
  onChange,
}: {
  points: readonly PointDraft[];
  onChange: (points: PointDraft[]) => void;
}) {
  const id = useId();
  const set = (index: number, change: Partial<PointDraft>) =>
    onChange(points.map((point, at) => (at === index ? { ...point, ...change } : point)));
  return (
    <div className="points" role="group" aria-labelledby={id}>
      <p id={id} className="hint">
        Curve: what each value scores, in basis points. 10_000 means that the target is met.
      </p>
      {points.map((point, index) => (
        <div key={index}>
          <NumberField
            label={`Value ${index + 1}`}
            kind="signed"
            value={point.value}
            onChange={(value) => set(index, { value })}
          />
          <NumberField label={`Score ${index + 1}`} value={point.score} onChange={(score) => set(index, { score })} />
          <button
            type="button"
            className="button"
            aria-label={`Remove point ${index + 1}`}
            disabled={points.length === 1}
            onClick={() => onChange(points.filter((_, at) => at !== index))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      {points.length < MAX_CURVE_POINTS && (
        <p className="actions">
          <button type="button" className="button" onClick={() => onChange([...points, { value: '', score: '' }])}>
            Add a point
          </button>
        </p>
      )}
    </div>
  );
}

import { CurveChart } from '../../charts/CurveChart';
import type { Fact } from '../../context/action';
import { type Kpi, isPrice } from '../../domain/terms';
import { plainNumber } from '../../text/amount';
import { hex } from '../../text/hash';
import { HashText } from '../../ui/AddressText';
import { Facts } from '../../ui/Facts';
import { HostileText } from '../../ui/HostileText';
import { feedFacts } from '../feed';
import { defaultText } from '../Values';
import { INTERPOLATION, SCOPE } from '../words';

/** What a KPI measures and what each value is worth. */
export function KpiTerms({ kpi, rubric }: { kpi: Kpi; rubric?: React.ReactNode }) {
  const { curve, decimals, unit, rangeMin, rangeMax, feed } = kpi;
  const facts: Fact[] = [
    ...(unit === '' ? [] : ([['Unit', <HostileText key="u" text={unit} />]] as const)),
    ['Measured', SCOPE[kpi.scope]],
    ['Accepted values', `${plainNumber(rangeMin, decimals)} to ${plainNumber(rangeMax, decimals)}`],
    isPrice(kpi)
      ? ['Price if nobody reports', defaultText(kpi)]
      : ['Score if nobody reports', `${defaultText(kpi)} (silence)`],
    ...(isPrice(kpi) ? [] : ([['Curve', INTERPOLATION[curve.interpolation]]] as const)),
    ...(feed === undefined ? [] : feedFacts(feed)),
    ['SHA-256 of the rubric', <HashText key="h" hash={hex(kpi.rubricHash)} what="hash of the rubric" />],
  ];
  return (
    <article className="reading">
      <div>
        <h3>
          <HostileText text={kpi.name} /> {isPrice(kpi) && <span className="tag">price</span>}
        </h3>
        <Facts facts={facts} />
        {rubric}
      </div>
      {isPrice(kpi) ? (
        <p className="hint">
          What a whole token is worth. It has no score: it turns grants in <HostileText text={unit} /> into tokens, each
          period at the price of then.
        </p>
      ) : (
        <CurveChart {...kpi} />
      )}
    </article>
  );
}

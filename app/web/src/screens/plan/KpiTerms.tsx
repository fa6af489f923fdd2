import { CurveChart } from '../../charts/CurveChart';
import type { Kpi } from '../../domain/terms';
import { percent, plainNumber } from '../../text/amount';
import { hex } from '../../text/hash';
import { HashText } from '../../ui/AddressText';
import { Facts } from '../../ui/Facts';
import { HostileText } from '../../ui/HostileText';
import { INTERPOLATION, SCOPE } from '../words';

/** What a KPI measures and what each value is worth. */
export function KpiTerms({ kpi }: { kpi: Kpi }) {
  const { curve, decimals, unit, rangeMin, rangeMax } = kpi;
  return (
    <article className="reading">
      <div>
        <h3>
          <HostileText text={kpi.name} />
        </h3>
        <Facts
          facts={[
            ...(unit === '' ? [] : ([['Unit', <HostileText key="u" text={unit} />]] as const)),
            ['Measured', SCOPE[kpi.scope]],
            ['Accepted values', `${plainNumber(rangeMin, decimals)} to ${plainNumber(rangeMax, decimals)}`],
            ['Curve', INTERPOLATION[curve.interpolation]],
            ['If the oracles stay silent', `scores ${percent(kpi.defaultScore)}`],
            ['SHA-256 of the rubric', <HashText key="h" hash={hex(kpi.rubricHash)} what="hash of the rubric" />],
          ]}
        />
      </div>
      <CurveChart {...kpi} />
    </article>
  );
}

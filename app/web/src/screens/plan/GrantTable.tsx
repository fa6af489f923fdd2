import { useHref, useWallet } from '../../context/app';
import { type Grant, amountsAt, isInUnits } from '../../domain/grant';
import { claimableNow } from '../../domain/steps';
import type { PlanData } from '../../model/planData';
import { AddressText } from '../../ui/AddressText';
import { Amount } from '../../ui/Amount';
import { Meter } from '../../ui/Meter';
import { Paged, TableFrame } from '../../ui/Paged';
import { GrantTags } from '../Grants';
import { Label } from '../Label';
import { UnitText } from '../Values';

const byNameOf = (grant: Grant, search: string) =>
  grant.account.beneficiary.toLowerCase().includes(search) || String(grant.account.index) === search;

/** All grants with their progress. */
export function GrantTable({ data, now }: { data: PlanData; now: bigint }) {
  const href = useHref();
  const me = useWallet().connection?.address;
  const { plan, mint } = data;
  const grants = [...data.grants.values()];
  return (
    <section className="card">
      <h2>Grants</h2>
      {grants.length === 0 && (
        <p className="muted">{plan.account.grantCounter > 0 ? 'All grants are closed.' : 'No grant was made yet.'}</p>
      )}
      {grants.length > 0 && (
        <Paged items={grants} what="grants" matches={byNameOf}>
          {(shown) => (
            <TableFrame label="Grants">
              <thead>
                <tr>
                  <th scope="col">Grant</th>
                  <th scope="col">Beneficiary</th>
                  <th scope="col" className="number">
                    Allocated
                  </th>
                  <th scope="col" className="number">
                    Earned
                  </th>
                  <th scope="col" className="number">
                    Claimable
                  </th>
                  <th scope="col" className="number">
                    Claimed
                  </th>
                  <th scope="col">Settled</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((grant) => {
                  const { account } = grant;
                  const amounts = amountsAt(plan, grant, now);
                  const done = account.nextPeriod - account.firstPeriod;
                  const all = account.endPeriod - account.firstPeriod;
                  return (
                    <tr key={grant.address}>
                      <th scope="row">
                        <a href={href({ name: 'grant', grant: grant.address })}>{account.index}</a>{' '}
                        <GrantTags grant={grant} />
                      </th>
                      <td>
                        <AddressText address={account.beneficiary} you={me === account.beneficiary} />
                        <Label plan={plan} grant={grant} />
                      </td>
                      <td className="number">
                        {plan.unit !== undefined && isInUnits(grant) && (
                          <>
                            <UnitText value={account.unitAllocation} unit={plan.unit} />, at most{' '}
                          </>
                        )}
                        <Amount value={amounts.allocation} decimals={mint.decimals} />
                      </td>
                      <td className="number">
                        <Amount value={amounts.earned + amounts.bonus} decimals={mint.decimals} />
                      </td>
                      <td className="number">
                        <Amount value={claimableNow(data, grant, now).amount} decimals={mint.decimals} />
                      </td>
                      <td className="number">
                        <Amount value={amounts.claimed} decimals={mint.decimals} />
                      </td>
                      <td>
                        <Meter
                          whole={BigInt(all)}
                          label={`Periods of grant ${account.index}`}
                          parts={[{ name: 'settled', value: BigInt(done) }]}
                        />
                        <span className="muted">
                          {done} of {all}
                        </span>
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </TableFrame>
          )}
        </Paged>
      )}
    </section>
  );
}

import type { Address } from '@solana/kit';
import { useWallet } from '../context/app';
import type { PlanData } from '../model/planData';
import { AddressText } from '../ui/AddressText';
import { Notice } from '../ui/Notice';
import { DisputeSection } from './manage/DisputeSection';
import { DraftSection } from './manage/DraftSection';
import { FundSection } from './manage/FundSection';
import { GrantSection } from './manage/GrantSection';
import { ImportSection } from './manage/ImportSection';
import { OracleSection } from './manage/OracleSection';
import { SurplusSection } from './manage/SurplusSection';
import { TerminateSection } from './manage/TerminateSection';
import { UriSection } from './manage/UriSection';
import { PlanFrame } from './PlanFrame';

/** What the authority of a plan can do. */
export default function Manage({ address }: { address: Address }) {
  return (
    <PlanFrame address={address} title={(name) => <>Manage {name}</>}>
      {(data, now, reload) => (
        <>
          <AuthorityNote data={data} />
          {data.plan.status === 'draft' && <DraftSection data={data} onDone={reload} />}
          <FundSection data={data} onDone={reload} />
          {data.plan.status === 'active' && (
            <>
              <GrantSection data={data} now={now} onDone={reload} />
              <ImportSection data={data} now={now} onDone={reload} />
              <DisputeSection data={data} now={now} onDone={reload} />
              <TerminateSection data={data} now={now} onDone={reload} />
              <OracleSection data={data} now={now} onDone={reload} />
            </>
          )}
          <UriSection data={data} onDone={reload} />
          <SurplusSection data={data} now={now} onDone={reload} />
        </>
      )}
    </PlanFrame>
  );
}

function AuthorityNote({ data }: { data: PlanData }) {
  const me = useWallet().connection?.address;
  const { authority } = data.plan.account;
  if (me === authority) return null;
  return (
    <Notice tone="warn">
      <p>
        <strong>Only the authority can sign here:</strong> <AddressText address={authority} />
        {me !== undefined && (
          <>
            {' '}
            – you are connected as <AddressText address={me} />.
          </>
        )}
      </p>
      <p>If it is a multisig, export each action for it.</p>
    </Notice>
  );
}

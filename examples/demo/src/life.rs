//! The life of a plan after its grants are made: period by period, then the end.

use {
    crate::{programme::Vote, stage::Stage},
    anchor_lang::solana_program::instruction::Instruction,
    anyhow::{Context, Result, ensure},
    earnout::{
        instructions::{AttestArgs, AttestPageArgs},
        state::place,
    },
    earnout_embedded::Signer,
    earnout_sdk::wire::{instructions, pda, uploads},
    sha2::{Digest, Sha256},
    std::collections::BTreeMap,
};

/// What oracles reported of a period in pages, by oracle, KPI and page: values and evidence by grant.
type Reported = BTreeMap<(usize, u8, u32), BTreeMap<u32, (i64, [u8; 32])>>;

/// SHA-256 of the list of all that an oracle reported in a page, in the form of `earnout attest --values`.
fn manifest(page: &BTreeMap<u32, (i64, [u8; 32])>) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix("grant,value,evidence\n");
    for (grant, (value, evidence)) in page {
        hash.update(format!("{grant},{value},"));
        evidence.iter().for_each(|byte| hash.update(format!("{byte:02x}")));
        hash.update("\n");
    }
    hash.finalize().into()
}

impl Stage {
    /// Waits for the end of a period and takes the votes, in this order. Votes of one oracle that follow each other
    /// share transactions, and those on an individual KPI of a page's grants an instruction.
    pub fn vote(&mut self, period: u16, votes: &[Vote]) -> Result<()> {
        let end = self.plan()?.calendar()?.period_end(period)?;
        self.chain.set_time(end);
        let mut reported = Reported::new();
        for run in votes.chunk_by(|one, next| one.oracle == next.oracle) {
            let Some(Vote { oracle, .. }) = run.first() else {
                continue;
            };
            let attest = self.attest(period, *oracle, run, &mut reported)?;
            self.by_oracle(*oracle, attest)?;
        }
        Ok(())
    }

    /// The instructions with which an oracle casts these votes. `reported` is what oracles reported in pages before.
    fn attest(&self, period: u16, oracle: usize, votes: &[Vote], reported: &mut Reported) -> Result<Vec<Instruction>> {
        let key = self.oracles.get(oracle).context("there is no such oracle")?.pubkey();
        let (payer, plan) = (&self.payer, &self.token.plan);
        let mut attest = Vec::new();
        let mut individual: BTreeMap<u8, BTreeMap<u32, i64>> = BTreeMap::new();
        for vote in votes {
            let (kpi, value) = (vote.kpi, vote.value);
            let Some(grant) = vote.grant else {
                let args = AttestArgs {
                    kpi,
                    period,
                    value,
                    evidence: vote.evidence,
                };
                attest.push(instructions::attest(payer, &key, plan, args));
                continue;
            };
            let grant = u32::try_from(grant)?;
            individual.entry(kpi).or_default().insert(grant, value);
            let page = reported.entry((oracle, kpi, place(grant).0)).or_default();
            page.insert(grant, (value, vote.evidence));
        }
        for (kpi, values) in individual {
            for (first, values) in uploads(&values) {
                let page = reported.get(&(oracle, kpi, place(first).0));
                let args = AttestPageArgs {
                    kpi,
                    period,
                    first,
                    values,
                    evidence: manifest(page.context("a page was not noted")?),
                };
                attest.push(instructions::attest_page(payer, &key, plan, args));
            }
        }
        Ok(attest)
    }

    /// Waits until every value and every silence of a period is final, settles it for every grant, collects the bonuses
    /// if the plan redistributes, and claims what is claimable.
    pub fn settle_and_pay(&mut self, period: u16) -> Result<()> {
        let plan = self.plan()?;
        let windows = plan.windows();
        let end = plan.calendar()?.period_end(period)?;
        self.chain.set_time(windows.settle_deadline(end)?);

        let mut settle = Vec::new();
        let mut settled = Vec::new();
        for grant in &self.grants {
            let state = self.grant(grant)?;
            if state.covers(period) {
                ensure!(
                    state.next_period == period,
                    "a grant has not settled its periods in order"
                );
                settle.push(instructions::settle(
                    &self.payer,
                    &self.token.plan,
                    &plan,
                    grant,
                    &state,
                ));
                settled.push(*grant);
            }
        }
        self.by_anyone(settle)?;
        if plan.redistributes()? {
            let collect = settled.iter();
            let collect = collect.map(|grant| instructions::collect_bonus(&self.token.plan, grant, period));
            self.by_anyone(collect.collect())?;
        }
        self.claim()
    }

    /// Claims, as anyone may, whatever is claimable for every grant.
    fn claim(&mut self) -> Result<()> {
        let plan = self.plan()?;
        let now = self.chain.now();
        let mut claims = Vec::new();
        for (grant, record) in self.grants.iter().zip(&mut self.record.grants) {
            let state = self.chain.grant(grant).context("a grant is not on the chain")?;
            record.last_claim = 0;
            if state.claimable(&plan, now)? > 0 {
                let beneficiary = &state.beneficiary;
                let account = pda::associated_token_account(beneficiary, &self.token.mint, &self.token.token_program);
                claims.push(instructions::claim(&self.payer, &self.token, grant, &account, None));
            }
        }
        self.by_anyone(claims)
    }

    /// Waits until all has vested, claims it, and withdraws what is left to the treasury.
    pub fn end(&mut self) -> Result<()> {
        let plan = self.plan()?;
        let calendar = plan.calendar()?;
        let after = calendar
            .period_count
            .checked_add(1)
            .context("the calendar is too long")?;
        let all_vested = calendar.boundary(after)?;
        let time = plan.last_deadline()?.max(all_vested).max(self.chain.now());
        self.chain.set_time(time);
        self.claim()?;
        if self.plan()?.surplus(self.vault_balance())? > 0 {
            self.withdraw_surplus()?;
        }
        Ok(())
    }
}

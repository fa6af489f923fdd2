//! The life of a plan after its grants are made: period by period, then the end.

use {
    crate::{programme::Vote, stage::Stage},
    anchor_lang::solana_program::instruction::Instruction,
    anyhow::{Context, Result, ensure},
    earnout::instructions::AttestArgs,
    earnout_embedded::Signer,
    earnout_sdk::wire::{instructions, pda},
};

impl Stage {
    /// Waits for the end of a period and takes the votes, in this order. Votes of one oracle that follow each other
    /// share transactions.
    pub fn vote(&mut self, period: u16, votes: &[Vote]) -> Result<()> {
        let end = self.plan()?.calendar()?.period_end(period)?;
        self.chain.set_time(end);
        for run in votes.chunk_by(|one, next| one.oracle == next.oracle) {
            let Some(Vote { oracle, .. }) = run.first() else {
                continue;
            };
            let attest = run.iter().map(|vote| self.attest(period, vote));
            let attest = attest.collect::<Result<Vec<_>>>()?;
            self.by_oracle(*oracle, attest)?;
        }
        Ok(())
    }

    fn attest(&self, period: u16, vote: &Vote) -> Result<Instruction> {
        let oracle = self.oracles.get(vote.oracle).context("there is no such oracle")?;
        let grant = match vote.grant {
            Some(grant) => Some(*self.grants.get(grant).context("there is no such grant")?),
            None => None,
        };
        let args = AttestArgs {
            kpi: vote.kpi,
            period,
            value: vote.value,
            evidence: vote.evidence,
        };
        Ok(instructions::attest(
            &self.payer,
            &oracle.pubkey(),
            &self.token.plan,
            grant,
            args,
        ))
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

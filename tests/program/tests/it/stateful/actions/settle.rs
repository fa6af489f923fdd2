//! `settle` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Settle {
    pub payer: Who,
    pub grant: usize,
}

impl Act for Settle {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            payer: draw.payer,
            grant: draw.grant,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let grant = model.open_grant(self.grant)?;
        let period = grant.next();
        require(period < grant.end && now >= model.boundary(period + 1))?;
        let collected = grant.bonuses.len() == grant.settled.len();
        require(!model.redistributes() || collected)?;
        let mut scores = vec![0; model.kpis.len()];
        let mut outcomes = model.outcomes;
        let mut price = None;
        for kpi in 0..model.kpis.len() as u8 {
            if model.pays(kpi, grant) {
                let key = (kpi, period, model.subject(kpi, self.grant));
                if model.price() == Some(kpi) {
                    price = Some(model.final_price(period, now)?);
                } else {
                    scores[usize::from(kpi)] = model.final_score(key, now)?;
                }
                outcomes[model.outcome(key)] += 1;
                let stands = model.evaluations.get(&key).is_some_and(|found| {
                    let own = model.grants[self.grant].beneficiary;
                    key.2.is_some() && found.votes.contains_key(&own)
                });
                outcomes[8] += u64::from(stands);
                let voted = model.evaluations.get(&key).is_some_and(|found| !found.votes.is_empty());
                outcomes[14] += u64::from(voted && key.2.is_some_and(|grant| grant >= PAGE));
            }
        }
        let (tranche, carry) = (model.tranche(grant, period, price), grant.carry());
        outcomes[15] += u64::from(price.is_some());
        outcomes[16] += u64::from(price.is_some() && tranche == grant.cap(period));
        let (credit, kpi_credit) = model.credit(&grant.terms, &scores);
        let earned = (tranche * credit + carry * credit.min(FULL)) / FULL;
        let unearned = (tranche + carry - earned).max(0);
        let kpi = tranche * kpi_credit / FULL;
        let expected = model.unsettled(period);
        let mut settled = Settled {
            tranche,
            earned,
            kpi,
            carry: 0,
        };
        match model.terms().policy {
            Policy::Return => {}
            Policy::CarryOver => settled.carry = unearned,
            Policy::Redistribute => {
                let new = Pool {
                    payer: self.payer,
                    expected,
                    ..Pool::default()
                };
                let pool = model.pools.entry(period).or_insert(new);
                pool.settled += 1;
                pool.kpi_total += kpi;
                pool.pool += unearned;
            }
        }
        model.grants[self.grant].settled.push(settled);
        model.outcomes = outcomes;
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let (payer, address) = (stage.key(self.payer), stage.grant(self.grant));
        let grant = stage.chain.grant(&address).unwrap_or_else(state::Grant::zeroed);
        Some(instructions::settle(
            &payer,
            &stage.plan(),
            &stage.plan_state(),
            &address,
            &grant,
        ))
    }
}

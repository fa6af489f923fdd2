//! `dispute` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Dispute {
    payer: Who,
    by: Who,
    kpi: u8,
    period: u16,
    /// Of an individual KPI the first grant, and bits.
    grants: Option<(usize, u64)>,
    grant: Option<usize>,
}

impl Act for Dispute {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, payer, .. } = draw;
        let known = model.evaluations.iter().filter(|(_, found)| found.disputed.is_none());
        let known: Vec<_> = known.map(|(key, _)| *key).collect();
        let (kpi, period, subject) = if known.is_empty() || rng.chance(35) {
            let kpi = rng.below(model.kpis.len() as u64 + 1) as u8;
            let shared = model.kpis.get(usize::from(kpi)).is_none_or(|kpi| kpi.shared);
            (kpi, rng.period(model), (!shared).then_some(draw.grant))
        } else {
            rng.pick(&known)
        };
        let mut grants = subject.map(|grant| (grant, 1));
        let (by, grant) = if rng.chance(40) {
            // Of one grant with its account, or of several.
            let alone = subject.is_some() && rng.chance(40);
            if let (false, Some(grant)) = (alone, subject) {
                let wanted = |other| known.contains(&(kpi, period, Some(other)));
                grants = Some(rng.some_of_page(grant, wanted));
            }
            (draw.authority, subject.filter(|_| alone))
        } else {
            let grant = subject.unwrap_or(draw.grant);
            let found = model.grants.get(grant);
            let by = found.map_or(draw.beneficiary, |grant| grant.beneficiary);
            (rng.role(by), Some(grant))
        };
        if rng.chance(2) {
            grants = if grants.is_some() { None } else { Some((draw.grant, 1)) };
        }
        Self {
            payer,
            by,
            kpi,
            period,
            grants,
            grant,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let Self {
            by,
            kpi,
            period,
            grants,
            grant,
            ..
        } = *self;
        let terms = model.kpis.get(usize::from(kpi))?;
        require(model.is_active() && period < model.periods() && model.unsettled(period) > 0)?;
        require(grants.is_none() == terms.shared)?;
        if let Some(grant) = grant {
            let found = model.open_grant(grant)?;
            require(found.needs(period) && model.pays(kpi, found))?;
            require(grants.is_none_or(|grants| grants == (grant, 1)))?;
        }
        let mut for_grant = None;
        if by != model.authority {
            let found = &model.grants[grant?];
            require(found.beneficiary == by && found.cap(period) > 0 && !found.barred)?;
            // Nothing of a forfeited grant depends on the value (docs/decisions.md).
            require(!found.forfeited)?;
            for_grant = grant;
        }
        model.open_account(kpi, period, grants.map(|grants| grants.0), self.payer)?;
        let (closes, challenge) = (model.voting_end(period), i64::from(model.terms().challenge));
        let subjects = match grants {
            None => vec![None],
            Some(grants) => model.of_page(kpi, period, grants)?.into_iter().map(Some).collect(),
        };
        let several = subjects.len() > 1;
        // Only where the grant's account is there is it known whose own vote does not count.
        let beneficiary = grants.and(grant).map(|grant| model.grants[grant].beneficiary);
        let mut noted = false;
        for subject in subjects {
            let found = model.evaluations.entry((kpi, period, subject)).or_default();
            if found.disputed.is_some() {
                continue;
            }
            require(found.disputable(beneficiary, closes, challenge, now))?;
            found.disputed = Some((now, by, for_grant));
            noted = true;
        }
        require(noted)?;
        model.outcomes[11] += u64::from(several);
        if let Some(grant) = for_grant {
            let ruling = i64::from(model.terms().ruling);
            let found = &mut model.grants[grant];
            found.undecided = if found.is_disputed(now) { found.undecided + 1 } else { 1 };
            found.disputes_until = now + ruling;
        }
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = DisputeArgs {
            kpi: self.kpi,
            period: self.period,
            grants: page_grants(self.grants),
            reason_hash: [8; 32],
        };
        let (payer, by, plan) = (stage.key(self.payer), stage.key(self.by), stage.plan());
        let grant = self.grant.map(|grant| stage.grant(grant));
        Some(instructions::dispute(&payer, &by, &plan, grant, args))
    }
}

//! `rule` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Rule {
    by: Who,
    kpi: u8,
    period: u16,
    /// Of an individual KPI the first grant, and bits.
    grants: Option<(usize, u64)>,
    /// The grants for which beneficiaries disputed.
    disputed_for: Vec<usize>,
    value: Option<i64>,
}

impl Act for Rule {
    fn random(draw: Draw<'_>) -> Self {
        let Draw { rng, model, .. } = draw;
        let all = model.evaluations.iter();
        let disputed = all.filter(|(_, found)| found.disputed.is_some() && found.ruled.is_none());
        let open: Vec<_> = disputed.map(|(key, _)| *key).collect();
        let known: Vec<_> = model.evaluations.keys().copied().collect();
        let (kpi, period, subject) = if !open.is_empty() && rng.chance(90) {
            rng.pick(&open)
        } else if known.is_empty() {
            (0, 0, None)
        } else {
            rng.pick(&known)
        };
        let grants = subject.map(|grant| {
            let wanted = |other| open.contains(&(kpi, period, Some(other)));
            rng.some_of_page(grant, wanted)
        });
        let subjects: Vec<Option<usize>> = match grants {
            None => vec![None],
            Some((first, mask)) => (0..PAGE)
                .filter(|bit| mask >> bit & 1 == 1)
                .map(|bit| Some(first + bit))
                .collect(),
        };
        let found = |subject| model.evaluations.get(&(kpi, period, subject));
        let disputers = subjects
            .into_iter()
            .filter_map(found)
            .filter_map(|found| found.disputed);
        let mut disputed_for: Vec<usize> = disputers.filter_map(|(.., grant)| grant).collect();
        match rng.below(60) {
            0 => disputed_for.push(draw.grant),
            1 => drop(disputed_for.pop()),
            2 => disputed_for.reverse(),
            _ => {}
        }
        // What a transaction has room for.
        disputed_for.truncate(20);
        let value = (!rng.chance(50)).then(|| value(rng, model, kpi));
        Self {
            by: rng.role(ARBITER),
            kpi,
            period,
            grants,
            disputed_for,
            value,
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        require(model.is_active() && model.terms().arbiter == Some(self.by))?;
        let (kpi, period) = (self.kpi, self.period);
        let ruling = i64::from(model.terms().ruling);
        let terms = model.kpis.get(usize::from(kpi))?;
        require(self.value.is_none_or(|value| (terms.min..=terms.max).contains(&value)))?;
        require(self.grants.is_none() == terms.shared)?;
        let subjects = match self.grants {
            None => vec![None],
            Some(grants) => model.of_page(kpi, period, grants)?.into_iter().map(Some).collect(),
        };
        model.outcomes[12] += u64::from(subjects.len() > 1);
        let mut named = self.disputed_for.iter().copied();
        for subject in subjects {
            let found = model.evaluations.get_mut(&(kpi, period, subject))?;
            let (at, _, for_grant) = found.disputed?;
            require(found.ruled.is_none() && now < at + ruling)?;
            found.ruled = Some(self.value);
            if let Some(grant) = for_grant {
                require(named.next() == Some(grant) && model.open_grant(grant).is_some())?;
                model.grants[grant].barred |= self.value.is_none();
                model.grants[grant].undecided -= 1;
            }
        }
        require(named.next().is_none())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = RuleArgs {
            kpi: self.kpi,
            period: self.period,
            grants: page_grants(self.grants),
            value: self.value,
            reason_hash: [6; 32],
        };
        let disputed_for: Vec<Pubkey> = self.disputed_for.iter().map(|grant| stage.grant(*grant)).collect();
        Some(instructions::rule(
            &stage.key(self.by),
            &stage.plan(),
            &disputed_for,
            args,
        ))
    }
}

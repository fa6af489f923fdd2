//! `observe` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct Observe {
    payer: Who,
    kpi: u8,
    period: u16,
    update: Update,
}

impl Act for Observe {
    fn random(draw: Draw<'_>) -> Self {
        let (any, period) = voted(&mut *draw.rng, draw.model, draw.now, true);
        let Draw { rng, model, .. } = draw;
        let fed: Vec<u8> = (0u8..)
            .zip(&model.kpis)
            .filter_map(|(number, kpi)| kpi.feed.map(|_| number))
            .collect();
        let kpi = if fed.is_empty() || rng.chance(3) {
            any
        } else {
            rng.pick(&fed)
        };
        let exists = model.terms.is_some() && period < model.periods();
        let end = if exists { model.boundary(period + 1) } else { 0 };
        let delay = i64::from(model.kpis.get(usize::from(kpi)).and_then(|kpi| kpi.feed).unwrap_or(600));
        let at = end + rng.pick(&[0, 0, 1, 2, 5, 30, -1, delay, delay + 1]);
        let price = rng.pick(&[100, 100, 250, 40, 1_000, 1, 5_000]);
        let doubt = rng.pick(&[0, 0, price * 20_000, price * 20_000 + 1]);
        Self {
            payer: draw.payer,
            kpi,
            period,
            update: Update {
                // In hundredths, with a rest now and then.
                spot: (price * 1_000_000 + rng.pick(&[0, 0, 1]), doubt as u64),
                at,
                previous: at - rng.pick(&[0, 1, 1, 10]),
                ..Update::first(end)
            },
        }
    }

    fn attempt(&self, model: &mut Model, now: i64) -> Option<()> {
        let (kpi, period, update) = (self.kpi, self.period, &self.update);
        require(model.is_active() && period < model.periods() && model.unsettled(period) > 0)?;
        let end = model.boundary(period + 1);
        require((end..model.voting_end(period)).contains(&now))?;
        let terms = model.kpis.get(usize::from(kpi))?;
        let latest = now.min(end + i64::from(terms.feed?));
        require((end..=latest).contains(&update.at))?;
        let (price, doubt) = (Amount::from(update.spot.0), Amount::from(update.spot.1));
        require(price > 0 && doubt * 10_000 <= price * 200)?;
        // From 8 decimals to 2: a price up, another value down.
        let up = if terms.price.is_some() { 999_999 } else { 0 };
        let value = ((price + up) / 1_000_000).clamp(terms.min.into(), terms.max.into()) as i64;
        model.open_account(kpi, period, None, self.payer)?;
        let found = model.evaluations.entry((kpi, period, None)).or_default();
        let first = |previous: i64| previous < end;
        if let Some(before) = found.observed {
            require(!first(before.previous) && (first(update.previous) || update.at < before.at))?;
            model.outcomes[18] += 1;
        }
        found.observed = Some(Observed {
            value,
            at: update.at,
            previous: update.previous,
        });
        Some(())
    }

    fn prepare(&self, stage: &mut Stage) {
        stage.publish(&self.update);
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        let args = ObserveArgs {
            kpi: self.kpi,
            period: self.period,
        };
        let payer = stage.key(self.payer);
        Some(instructions::observe(&payer, &stage.plan(), &stage.feed(), args))
    }
}

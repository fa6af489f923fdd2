//! `add_kpi` in the random sequences.
use super::*;

#[derive(Debug)]
pub struct AddKpi {
    by: Who,
    kpi: Kpi,
}

impl Act for AddKpi {
    fn random(draw: Draw<'_>) -> Self {
        Self {
            by: draw.authority,
            kpi: kpi(draw.rng, draw.model),
        }
    }

    fn attempt(&self, model: &mut Model, _: i64) -> Option<()> {
        let kpi = &self.kpi;
        require(model.status == Status::Draft && self.by == model.authority && model.kpis.len() < 16)?;
        require(kpi.acceptable() && model.kpis.iter().all(|other| other.name != kpi.name))?;
        require(kpi.feed.is_none_or(|delay| delay <= model.terms().attest))?;
        require(kpi.price.is_none() || model.price().is_none() && model.terms().unit.is_some())?;
        model.kpis.push(kpi.clone());
        Some(())
    }

    fn instruction(&self, stage: &Stage, _: &Model) -> Option<Instruction> {
        Some(instructions::add_kpi(
            &stage.key(self.by),
            &stage.plan(),
            kpi_args(&self.kpi),
        ))
    }
}

fn kpi(rng: &mut Rng, model: &Model) -> Kpi {
    let scores = [0, 1, 2_500, 5_000, 9_999, 10_000, 10_000, 13_333, 20_000];
    let mut points: Vec<(i64, u16)> = Vec::new();
    let mut value = if rng.chance(5) {
        i64::MIN
    } else {
        rng.below(200) as i64 - 100
    };
    for _ in 0..rng.below(4) + 1 {
        points.push((value, rng.pick(&scores)));
        let step = if rng.chance(5) {
            i64::MAX
        } else {
            rng.below(90) as i64 + 1
        };
        value = value.saturating_add(step);
    }
    if rng.chance(3) {
        points.push(points[0]);
    }
    let name = if rng.chance(5) { 0 } else { model.kpis.len() };
    let feed = rng.chance(30).then(|| rng.pick(&[600, 600, 1, 86_400, 0]));
    let has_unit = model.terms.as_ref().is_some_and(|terms| terms.unit.is_some());
    let wanted = has_unit && model.price().is_none();
    if rng.chance(if wanted { 70 } else { 3 }) {
        let mut price = Kpi {
            name: format!("kpi {name}"),
            shared: rng.chance(97),
            min: rng.pick(&[1, 1, 50, 100]),
            max: rng.pick(&[1_000, 100_000, i64::MAX]),
            points: Vec::new(),
            step: false,
            default: 0,
            price: Some(rng.pick(&[100, 100, 250, 1_000, 40])),
            feed,
        };
        match rng.below(40) {
            0 => price.min = 0,
            1 => price.points = points,
            2 => price.default = 1,
            _ => {}
        }
        return price;
    }
    let shared = rng.chance(50);
    Kpi {
        price: None,
        feed: feed.filter(|_| if shared { rng.chance(30) } else { rng.chance(3) }),
        name: format!("kpi {name}"),
        shared,
        min: match rng.below(20) {
            0 => i64::MIN,
            1..=2 => i64::MIN + 1,
            _ => -100,
        },
        max: if rng.chance(10) { i64::MAX } else { 300 },
        points,
        step: rng.chance(25),
        default: if rng.chance(50) { 0 } else { rng.below(10_002) as u16 },
    }
}

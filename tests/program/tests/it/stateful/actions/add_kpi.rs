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
    Kpi {
        name: format!("kpi {name}"),
        shared: rng.chance(50),
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

//! What is to be done now, by whom, and until when.

use {
    super::{
        names::Names,
        text::{either, safe},
    },
    crate::context::{reference::kpi_name, time::Moment},
    earnout::state::Plan,
    earnout_sdk::{text::amount, todo::agenda::Task},
    serde_json::{Value, json},
    std::collections::BTreeMap,
};

/// One line for people. `decimals` are the token's.
pub fn line(task: &Task, plan: &Plan, names: &Names, decimals: u8) -> String {
    match task {
        Task::Activate => format!("the authority {} activates the draft", names.full(&plan.authority)),
        Task::Vote {
            period,
            kpi,
            missing,
            until,
        } => {
            let who = missing.iter().map(|(oracle, count)| match count {
                1 => names.short(oracle),
                count => format!("{} ({})", names.short(oracle), amount::counted(*count, "value")),
            });
            let who: Vec<_> = who.collect();
            let who = who.join(", ");
            format!(
                "period {period}, {}: votes of {who}, until {}",
                kpi_text(plan, *kpi),
                Moment(*until)
            )
        }
        Task::Observe {
            period,
            kpi,
            shown,
            until,
        } => format!(
            "period {period}, {}: anyone may show {} of its feed (`earnout observe`), until {}",
            kpi_text(plan, *kpi),
            if *shown {
                "an earlier update"
            } else {
                "the first update"
            },
            Moment(*until)
        ),
        Task::Dispute {
            period,
            kpi,
            open,
            until,
        } => format!(
            "period {period}, {}: the authority or a beneficiary whom it concerns may dispute {} {}, until {}",
            kpi_text(plan, *kpi),
            amount::count(*open),
            either(*open, "value or silence", "values or silences"),
            Moment(*until)
        ),
        Task::Rule {
            period,
            kpi,
            open,
            grants,
            until,
        } => format!(
            "period {period}, {}: the arbiter {} may rule on {}{}, until {}",
            kpi_text(plan, *kpi),
            names.full(&plan.arbiter),
            amount::counted(*open, "dispute"),
            match grants.as_slice() {
                [] => String::new(),
                [grant] => format!(", of grant {grant}"),
                several => format!(", of grants {}", amount::ranges(several.iter().copied())),
            },
            Moment(*until)
        ),
        Task::Settle { period, grants } => {
            format!(
                "period {period}: anyone may settle {}",
                amount::counted(*grants, "grant")
            )
        }
        Task::Collect { period, grants } => {
            format!(
                "period {period}: anyone may collect the bonus of {}",
                amount::counted(*grants, "grant")
            )
        }
        Task::Claim { grants, amount } => format!(
            "{} can claim {} in total",
            amount::counted(*grants, "grant"),
            amount::total(*amount, decimals)
        ),
    }
}

/// The same for programs.
pub fn json(task: &Task) -> Value {
    match task {
        Task::Activate => json!({ "task": "activate", "by": "authority" }),
        Task::Vote {
            period,
            kpi,
            missing,
            until,
        } => {
            let missing: BTreeMap<_, _> = missing
                .iter()
                .map(|(oracle, count)| (oracle.to_string(), count))
                .collect();
            json!({ "task": "vote", "by": "oracles", "period": period, "kpi": kpi, "missing": missing, "until": until })
        }
        Task::Observe {
            period,
            kpi,
            shown,
            until,
        } => json!({ "task": "observe", "by": "anyone", "period": period, "kpi": kpi, "shown": shown, "until": until }),
        Task::Dispute {
            period,
            kpi,
            open,
            until,
        } => json!({
            "task": "dispute", "by": "authority or beneficiary", "period": period, "kpi": kpi, "open": open, "until": until
        }),
        Task::Rule {
            period,
            kpi,
            open,
            grants,
            until,
        } => json!({
            "task": "rule", "by": "arbiter", "period": period, "kpi": kpi, "open": open, "grants": grants, "until": until
        }),
        Task::Settle { period, grants } => {
            json!({ "task": "settle", "by": "anyone", "period": period, "grants": grants })
        }
        Task::Collect { period, grants } => {
            json!({ "task": "collect", "by": "anyone", "period": period, "grants": grants })
        }
        Task::Claim { grants, amount } => {
            json!({ "task": "claim", "by": "beneficiaries", "grants": grants, "amount": amount.to_string() })
        }
    }
}

/// Name and number of a KPI.
pub fn kpi_text(plan: &Plan, kpi: u8) -> String {
    let name = plan.kpis().get(usize::from(kpi)).map(kpi_name).unwrap_or_default();
    format!("KPI {kpi} ({})", safe(&name))
}

#[cfg(test)]
mod tests {
    use {super::*, bytemuck::Zeroable};

    #[test]
    fn disputes_are_told_with_their_grants() {
        let shown = |grants: &[u32], open| {
            let rule = Task::Rule {
                period: 2,
                kpi: 0,
                open,
                grants: grants.to_vec(),
                until: 0,
            };
            line(&rule, &Plan::zeroed(), &Names::default(), 6)
        };
        for (grants, open, part) in [
            (&[][..], 1, "may rule on 1 dispute, until"),
            (&[4], 1, "may rule on 1 dispute, of grant 4, until"),
            (&[3, 7, 8], 3, "may rule on 3 disputes, of grants 3, 7-8, until"),
        ] {
            let line = shown(grants, open);
            assert!(line.contains(part), "{line}");
        }
    }
}

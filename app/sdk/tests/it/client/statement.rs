use {
    super::{
        rpc::Rpc,
        story::{self, Chain, PERIOD, START, key, state},
    },
    earnout::events::{
        ClaimLockSet, GrantClaimed, GrantClosed, GrantSettled, OracleChangeCancelled, OraclesProposed, PlanClosed,
    },
    earnout_sdk::{
        client::ClientError,
        report::statement::{Finding, Statement, Verdict},
        wire::events::Event,
    },
    serde_json::json,
};

/// A day after the end of period 0.
const NOW: i64 = START + PERIOD + PERIOD / 2;

async fn statement(rpc: &Rpc) -> Statement {
    let sources = rpc.client().statement_sources(&story::plan()).await.unwrap();
    Statement::of(sources).unwrap()
}

#[tokio::test]
async fn what_was_closed_is_read_from_its_events() {
    let rpc = Chain::of(story::events(), NOW).serve();
    let statement = statement(&rpc).await;
    assert_eq!(
        (&statement.findings[..], statement.verdict()),
        (&[][..], Verdict::Agrees)
    );
    let line = &statement.grants[&0].lines[0];
    assert_eq!(
        (line.results.scores[0], line.settlement.unwrap().earned, line.claimed),
        (8_000, 400, 150)
    );
    let measurement = statement.measurement(0, 0, 0).unwrap();
    assert!(measurement.closed);
    let votes: Vec<_> = measurement
        .votes
        .iter()
        .map(|vote| (vote.oracle, vote.value, vote.evidence))
        .collect();
    assert_eq!(votes, [(Some(key(11)), 80, [11; 32]), (Some(key(12)), 80, [12; 32])]);
    assert_eq!((statement.vault.surplus, statement.vault.donated), (600, 0));
    // The plan's own history, whose numbers show that nothing is missing, and only once.
    let asked: Vec<_> = rpc
        .calls("getSignaturesForAddress")
        .iter()
        .map(|call| call[0].clone())
        .collect();
    assert_eq!(asked, [json!(story::plan().to_string())]);
}

#[tokio::test]
async fn what_is_open_needs_no_history() {
    let mut events = story::events();
    events.pop();
    let rpc = Chain::of(events, NOW).serve();
    let statement = statement(&rpc).await;
    assert_eq!(statement.findings, []);
    assert!(!statement.measurement(0, 0, 0).unwrap().closed);
    assert!(rpc.calls("getSignaturesForAddress").is_empty());
}

#[tokio::test]
async fn an_endpoint_that_forgets_is_found_out() {
    let chain = Chain::of(story::events(), NOW);
    // As if nobody had voted; and as if the first vote had been forgotten.
    let rpc = Chain {
        events: Vec::new(),
        ..chain.clone()
    }
    .serve();
    let forgotten = statement(&rpc).await;
    // What differs follows from what is missing.
    assert_eq!(forgotten.verdict(), Verdict::Incomplete);
    let findings = forgotten.findings;
    let words: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(words[0].ends_with("does not tell 1 to 10"), "{words:?}");
    assert_eq!(
        words[1],
        "grant 0: earned is 400 in the account and 0 by the attested values"
    );

    let mut events = story::events();
    events.remove(5);
    let rpc = Chain { events, ..chain }.serve();
    let findings = statement(&rpc).await.findings;
    assert!(
        matches!(&findings[0], Finding::Missing(what) if what.contains("and not all events of it")),
        "{findings:?}"
    );
}

/// After the last period.
pub const END: i64 = START + 3 * PERIOD;

/// The rest of the grant's life: nobody reports anything for period 1, it is paid and closed.
fn to_the_end() -> Vec<Event> {
    let mut events = story::events();
    let time = END;
    let mut sequence = u64::try_from(events.len()).unwrap();
    let mut next = || {
        sequence += 1;
        sequence
    };
    events.push(Event::GrantSettled(Box::new(GrantSettled {
        plan: story::plan(),
        time,
        sequence: next(),
        grant: story::grant(),
        period: 1,
        scores: vec![0],
        price: None,
        tranche: 500,
        earned: 0,
        unearned: 500,
        carry: 0,
        pooled: 0,
        kpi_amount: 0,
        reserved: 0,
        rent: None,
        plan_reserved: 0,
        plan_owed: 250,
        plan_pooled: 0,
    })));
    events.push(Event::ClaimLockSet(Box::new(ClaimLockSet {
        plan: story::plan(),
        time,
        sequence: next(),
        grant: story::grant(),
        locked: true,
    })));
    events.push(Event::GrantClaimed(Box::new(GrantClaimed {
        plan: story::plan(),
        time,
        sequence: next(),
        grant: story::grant(),
        beneficiary: key(20),
        claimant: key(20),
        destination: key(22),
        amount: 250,
        received: 250,
        claimed: 400,
        plan_owed: 0,
        vault_balance: 1_100,
    })));
    events.push(Event::GrantClosed(Box::new(GrantClosed {
        plan: story::plan(),
        time,
        sequence: next(),
        grant: story::grant(),
        claimed: 400,
    })));
    events
}

#[tokio::test]
async fn a_closed_grant_keeps_its_lines() {
    let rpc = Chain::of(to_the_end(), END).serve();
    let statement = statement(&rpc).await;
    assert_eq!(statement.findings, []);
    let grant = &statement.grants[&0];
    assert!(grant.closed);
    assert_eq!((grant.state.claimed, grant.lines[0].claimed), (400, 400));
    assert_eq!((grant.lines[1].returned, grant.lines[1].claimed), (500, 0));
    // And where its history is gone the report says so.
    let chain = Chain::of(to_the_end(), END);
    let rpc = Chain {
        events: Vec::new(),
        ..chain
    }
    .serve();
    let findings = self::statement(&rpc).await.findings;
    let first = findings[0].to_string();
    assert!(
        first.ends_with(&format!(
            "has no account of grant 0 ({}), and not all events of it",
            story::grant()
        )),
        "{first}"
    );
}

/// The same with the plan's end.
pub fn closed() -> Vec<Event> {
    let mut events = to_the_end();
    let sequence = u64::try_from(events.len()).unwrap() + 1;
    events.push(Event::PlanClosed(Box::new(PlanClosed {
        plan: story::plan(),
        time: END,
        sequence,
        destination: key(5),
        amount: 1_100,
        received: 1_100,
    })));
    events
}

#[tokio::test]
async fn a_closed_plan_is_told_by_its_events() {
    let rpc = Chain::of(closed(), END).serve();
    let statement = statement(&rpc).await;
    assert_eq!(statement.findings, []);
    let closing = statement.sources.closing.unwrap();
    assert_eq!(
        (closing.mark.closed_at, closing.amount, closing.destination),
        (END, 1_100, key(5))
    );
    assert_eq!((statement.vault.withdrawn, statement.vault.donated), (1_100, 0));
    assert_eq!(statement.grants[&0].lines[0].settlement.unwrap().earned, 400);
}

#[tokio::test]
async fn one_grant_is_read_without_the_others() {
    let mut events = story::events();
    events.pop();
    let rpc = Chain::of(events, NOW).serve();
    let sources = rpc.client().grant_sources(&story::plan(), 0).await.unwrap();
    assert!(!sources.complete);
    let statement = Statement::of(sources).unwrap();
    assert_eq!((statement.findings.len(), statement.grants[&0].claimable), (0, 250));
    // There is no grant 1.
    let sources = rpc.client().grant_sources(&story::plan(), 1).await.unwrap();
    assert!(sources.grants.is_empty());
}

/// A chain on which the plan's event counter goes on by one with each of the first `changes` looks at it.
fn changing(changes: u64) -> Rpc {
    let mut open = story::events();
    open.pop();
    let chain = Chain::of(open, NOW);
    let mut looks = 0;
    Rpc::start(move |method, parameters| {
        let mut chain = chain.clone();
        if method == "getMultipleAccounts" && parameters[0] == json!([story::plan().to_string()]) {
            let mut plan = earnout_sdk::wire::accounts::plan(&chain.accounts[&story::plan()].1).unwrap();
            plan.event_sequence += looks;
            looks = changes.min(looks + 1);
            chain.accounts.insert(story::plan(), (earnout_sdk::ID, state(&plan)));
        }
        Ok(chain.answer(method, parameters))
    })
}

#[tokio::test]
async fn all_is_of_one_moment() {
    // It changes while it is read the first time, and not the second.
    let statement = statement(&changing(2)).await;
    assert_eq!(statement.sources.plan.event_sequence, 11);
    // It never stands still.
    let error = changing(u64::MAX)
        .client()
        .statement_sources(&story::plan())
        .await
        .unwrap_err();
    assert!(
        matches!(error, ClientError::Changing(plan) if plan == story::plan()),
        "{error}"
    );
}

#[tokio::test]
async fn thousands_of_individual_values_are_read_page_by_page() {
    let rpc = Chain::of(story::individual(2_001, &[5, 1_999]), NOW).serve();
    let statement = statement(&rpc).await;
    assert_eq!(statement.findings, []);
    assert_eq!(statement.grants.len(), 2_001);
    for (number, score) in [(5, 8_000), (1_999, 8_000), (0, 0), (2_000, 0)] {
        let line = &statement.grants[&number].lines[0];
        assert_eq!(
            (line.results.scores[0], line.settlement),
            (score, None),
            "grant {number}"
        );
    }
    let votes = statement.measurement(0, 0, 1_999).unwrap().votes;
    assert_eq!(
        votes.iter().map(|vote| vote.oracle).collect::<Vec<_>>(),
        [Some(key(11)), Some(key(12))]
    );
    // The plan twice, the vault with the clock, 2,001 grants by the hundred, and their 32 pages.
    assert_eq!(rpc.calls("getMultipleAccounts").len(), 3 + 21 + 1);
    assert!(rpc.calls("getSignaturesForAddress").is_empty());
}

#[tokio::test]
async fn one_page_is_read_without_the_others() {
    let rpc = Chain::of(story::individual(130, &[5, 70, 129]), NOW).serve();
    let sources = rpc.client().page_sources(&story::plan(), 1).await.unwrap();
    assert!(sources.grants.keys().copied().eq(64..128));
    let measured: Vec<_> = sources.measurements.iter().collect();
    assert_eq!(measured.len(), 64);
    for (key, measurement) in measured {
        let votes = if key.grant == Some(70) { 2 } else { 0 };
        assert_eq!(measurement.votes.len(), votes, "{key:?}");
    }
    let beyond = rpc.client().page_sources(&story::plan(), 3).await.unwrap();
    assert!(beyond.grants.is_empty() && beyond.measurements.is_empty());
    assert!(rpc.calls("getSignaturesForAddress").is_empty());
}

/// The events and then changes of oracles: one from period 1 on, one that is taken back, and one from period 2 on, with
/// which the plan forgets who voted on period 0.
fn with_other_oracles(mut events: Vec<Event>) -> Vec<Event> {
    let time = NOW;
    let plan = story::plan();
    for (first_period, cancelled) in [(1, false), (2, true), (2, false)] {
        let sequence = u64::try_from(events.len()).unwrap() + 1;
        let oracles = vec![key(31), key(32), key(33)];
        events.push(Event::OraclesProposed(Box::new(OraclesProposed {
            plan,
            time,
            sequence,
            oracles,
            threshold: 2,
            first_period,
        })));
        if cancelled {
            events.push(Event::OracleChangeCancelled(Box::new(OracleChangeCancelled {
                plan,
                time,
                sequence: sequence + 1,
                first_period,
            })));
        }
    }
    events
}

#[tokio::test]
async fn who_voted_before_the_oracles_changed_is_known() {
    let mut open = story::events();
    open.pop();
    for (events, closed) in [(story::events(), true), (open, false)] {
        let rpc = Chain::of(with_other_oracles(events), NOW).serve();
        let statement = statement(&rpc).await;
        assert_eq!(statement.findings, []);
        assert_eq!(statement.sources.plan.oracles.first_period, 1);
        let measurement = statement.measurement(0, 0, 0).unwrap();
        let voters: Vec<_> = measurement.votes.iter().map(|vote| vote.oracle).collect();
        assert_eq!(
            (measurement.closed, voters),
            (closed, vec![Some(key(11)), Some(key(12))])
        );
    }
    // An endpoint that has forgotten the plan's beginning leaves the votes without names, and not with wrong ones.
    let mut open = story::events();
    open.pop();
    let chain = Chain::of(with_other_oracles(open), NOW);
    let events = chain
        .events
        .iter()
        .filter(|event| event.sequence() > 1)
        .cloned()
        .collect();
    let rpc = Chain { events, ..chain }.serve();
    let statement = statement(&rpc).await;
    let voters: Vec<_> = statement
        .measurement(0, 0, 0)
        .unwrap()
        .votes
        .iter()
        .map(|vote| vote.oracle)
        .collect();
    assert_eq!(voters, [None, None]);
    assert!(
        matches!(&statement.findings[..], [Finding::Missing(what)] if what.ends_with("does not tell 1")),
        "{:?}",
        statement.findings
    );
}

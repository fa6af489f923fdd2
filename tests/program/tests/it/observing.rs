//! What clients foresee of `observe` is what the program does.

use {
    earnout::state::Receiver,
    earnout_sdk::{
        todo::observing::{Observed, UpdateAccount},
        wire::errors::program_error,
    },
    earnout_tests::{prices::*, *},
};

/// In the order in which they are shown: each once refused for another reason, or counting before those until then.
const CHANGES: [fn(&mut Update); 13] = [
    |update| update.feed_id[0] ^= 1,
    |update| update.spot.0 = 0,
    |update| update.exponent = -19,
    |update| update.spot.1 = 5_000_001,
    |update| update.at = boundary(1) - 1,
    |update| update.at = boundary(1) + 601,
    |update| (update.at, update.previous) = (boundary(1) + 60, boundary(1) + 59),
    |update| (update.at, update.previous) = (boundary(1) + 60, boundary(1) + 59),
    |update| (update.at, update.previous) = (boundary(1) + 50, boundary(1) + 49),
    |update| (update.at, update.previous) = (boundary(1), boundary(1)),
    |update| update.spot.0 += 1,
    |_| {},
    |update| update.at = boundary(1),
];

#[test]
fn clients_foresee_what_observe_does() {
    let (mut done, mut refused) = (0, 0);
    let window = i64::from(unit_terms().attest_secs);
    for secs in [-1, 0, 5, 55, 60, 700, window - 1, window] {
        let mut world = World::active(TokenProgram::Spl, unit_terms(), &[fed_price_kpi()], 10_000_000_000);
        world.unit_grant(4_000_000_000, 40_000, &[]);
        world.after_period(0, secs);
        let attestation = pda::attestation(&world.token.plan, 0, 0);
        for (number, change) in CHANGES.into_iter().enumerate() {
            let mut update = Update::first(boundary(1));
            change(&mut update);
            // The last but one by a receiver that the KPI does not name.
            let receiver = match number {
                11 => Receiver::PythPro,
                _ => Receiver::Pyth,
            };
            let address = world.publish_bytes(receiver, update.bytes());
            let account = world.chain.account(&address).unwrap();
            let account = UpdateAccount::new(address, account);
            let standing = world.chain.attestation(&attestation);
            let now = world.chain.now();
            let foreseen = Observed::of(&world.plan(), 0, 0, standing.as_ref(), &account, now);
            let observe = world.observe(0, 0, &address);
            match (foreseen, world.send(&[observe])) {
                (Ok(foreseen), Ok(receipt)) => {
                    let event = the_event!(receipt, ValueObserved);
                    assert_eq!(event.value, foreseen.observation.value);
                    assert_eq!(event.evidence, foreseen.observation.evidence);
                    assert_eq!(event.replaced, foreseen.standing.map(|standing| standing.value));
                    let now = world.chain.attestation(&attestation).unwrap();
                    assert_eq!(now.observation(), Some(foreseen.observation));
                    done += 1;
                }
                (Err(foreseen), Err(failure)) => {
                    let error = failure.code.and_then(program_error).expect("an error of the program");
                    assert!(foreseen.to_string().contains(&error.name), "{foreseen}: {failure}");
                    refused += 1;
                }
                (foreseen, done) => panic!("{secs} {number}: {foreseen:?}, {:?}", done.map(|_| ())),
            }
        }
    }
    assert!(done > 10 && refused > 50, "{done} {refused}");
}

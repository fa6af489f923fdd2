//! The built program says to whom a weakness is reported.

use {earnout_embedded::Chain, solana_security_txt::find_and_parse};

#[test]
fn the_built_program_names_policy_and_contacts_and_claims_no_audit() {
    let program = std::fs::read(Chain::built_program()).expect("the built program");
    let text = find_and_parse(&program).expect("its security.txt");
    assert_eq!(text.name, "Earnout");
    assert!(text.policy.contains("SECURITY.md"), "{}", text.policy);
    assert!(!text.contacts.is_empty());
    assert_eq!(text.auditors, ["None"]);
    assert!(!text.project_url.is_empty() && text.source_revision.is_some_and(|revision| !revision.is_empty()));
}

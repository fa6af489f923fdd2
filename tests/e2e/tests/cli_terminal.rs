//! What the `earnout` command does at a terminal: it asks before money moves, and for a seed phrase without showing it.

use {
    earnout_e2e::{Chain, Earnout, PATIENCE},
    rustix::{
        pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
        termios::{LocalModes, tcgetattr},
    },
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    std::{
        fs::{File, OpenOptions},
        io::{Read, Write},
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    },
};

/// What a command wrote on the terminal and on the standard output, and its exit code.
#[derive(Debug)]
struct Dialogue {
    terminal: String,
    stdout: String,
    code: Option<i32>,
}

/// Runs a command at a terminal of its own. For each pair the second is typed when the first has appeared.
fn at_terminal(earnout: &Earnout, words: &str, answers: &[(&str, &str)]) -> Dialogue {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal");
    let name = ptsname(&master, Vec::new()).expect("the terminal has a name");
    let name = name.to_str().expect("a path");
    let terminal = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(name)
            .expect("a terminal")
    };
    let words: Vec<_> = words.split(' ').collect();
    let own = earnout.command(&words);
    // With the terminal as its own, from which passwords are read.
    let mut command = Command::new("setsid");
    command
        .args(["--ctty", "--wait"])
        .arg(own.get_program())
        .args(own.get_args())
        .env_clear()
        .envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("TERM", "xterm")
        .current_dir(earnout.home())
        .stdin(terminal())
        .stderr(terminal())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    drop(command);
    let mut master = File::from(master);
    let mut seen = Vec::new();
    let mut answers = answers.iter();
    let mut next = answers.next();
    let mut from = 0;
    let mut buffer = [0; 4_096];
    // Ends with an error when nobody has the terminal open any more.
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&seen[from..]).into_owned();
        if let Some((question, answer)) = next
            && text.contains(question)
        {
            wait_for_silence(&master);
            master.write_all(answer.as_bytes()).expect("typed");
            from = seen.len();
            next = answers.next();
        }
    }
    let mut stdout = String::new();
    let output = child.stdout.as_mut().expect("captured");
    output.read_to_string(&mut stdout).expect("text");
    let code = child.wait().expect("it ends").code();
    assert_eq!(next, None, "it was not asked: {}", String::from_utf8_lossy(&seen));
    Dialogue {
        terminal: String::from_utf8_lossy(&seen).into_owned(),
        stdout,
        code,
    }
}

/// Waits until what is typed is not shown any more: the question is there a moment before.
fn wait_for_silence(terminal: &File) {
    let begun = Instant::now();
    let is_shown = || {
        let modes = tcgetattr(terminal).expect("a terminal").local_modes;
        modes.contains(LocalModes::ECHO)
    };
    while is_shown() {
        assert!(begun.elapsed() < PATIENCE, "what is typed would be shown");
        thread::sleep(Duration::from_millis(5));
    }
}

fn vault_balance(chain: &Chain) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let vault = chain.demo_address("vault");
    runtime.expect("a runtime").block_on(chain.token_balance(&vault))
}

#[test]
fn before_money_moves_there_is_a_question() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::as_key(&chain, "authority");
    let plan = chain.demo_address("plan");
    let before = vault_balance(&chain);
    let fund = format!("plan fund {plan} 1_000");

    let refused = at_terminal(&earnout, &fund, &[("Fund the plan?", "n")]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:#?}");
    // What it is about comes before the question.
    let (amount, question) = (refused.terminal.find("1,000"), refused.terminal.find("Fund the plan?"));
    assert!(amount.is_some() && amount < question, "{refused:#?}");
    assert!(
        refused.terminal.contains("not confirmed: nothing was sent"),
        "{refused:#?}"
    );
    assert_eq!(vault_balance(&chain), before);

    // No answer is no.
    let unanswered = at_terminal(&earnout, &fund, &[("Fund the plan?", "\r")]);
    assert_eq!(unanswered.code, Some(1), "{unanswered:#?}");
    assert_eq!(vault_balance(&chain), before);

    let confirmed = at_terminal(&earnout, &fund, &[("Fund the plan?", "y")]);
    assert_eq!(confirmed.code, Some(0), "{confirmed:#?}");
    assert!(confirmed.stdout.starts_with("Signature: "), "{confirmed:#?}");
    assert_eq!(vault_balance(&chain), before + 1_000_000_000);

    let yes = at_terminal(&earnout, &format!("{fund} --yes"), &[]);
    assert_eq!(yes.code, Some(0), "{yes:#?}");
    assert!(!yes.terminal.contains("Fund the plan?"), "{yes:#?}");
    assert_eq!(vault_balance(&chain), before + 2_000_000_000);

    // What moves no money and can be taken back is not asked for.
    let lock = format!("grant lock {plan}/0 -k {}", chain.key_file("beneficiary-1").display());
    let lock = at_terminal(&earnout, &lock, &[]);
    assert_eq!(lock.code, Some(0), "{lock:#?}");
}

#[test]
fn a_seed_phrase_is_asked_for_and_not_shown() {
    let chain = Chain::start(&["--demo"]);
    let earnout = Earnout::on(&chain);
    let plan = chain.demo_address("plan");
    let phrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    let words = format!("grant lock {plan}/0 -k prompt://?key=0/0");
    let typed = format!("{phrase}\n");
    let asked = at_terminal(
        &earnout,
        &words,
        &[("[beneficiary] seed phrase: ", &typed), ("passphrase", "\n")],
    );
    assert_eq!(asked.code, Some(1), "{asked:#?}");
    // The address that wallets show for the test phrase of BIP-39; it is asked for once, although it also pays the fee.
    let key: Pubkey = "HAgk14JpMQLgt6rVgv7cBQFJWFto5Dqxi472uT3DKpqk".parse().expect("a key");
    let beneficiary = chain.key("beneficiary-1").pubkey();
    assert!(
        asked.terminal.contains(&format!("{key} is not the beneficiary")),
        "{asked:#?}"
    );
    assert!(asked.terminal.contains(&beneficiary.to_string()), "{asked:#?}");
    assert!(!asked.terminal.contains("abandon"), "the phrase was shown: {asked:#?}");

    let wrong = at_terminal(&earnout, &words, &[("seed phrase: ", "abandon about\n")]);
    assert!(wrong.terminal.contains("not a seed phrase"), "{wrong:#?}");
    assert!(!wrong.terminal.contains("abandon"), "the phrase was shown: {wrong:#?}");
    assert_eq!(wrong.code, Some(1));
}

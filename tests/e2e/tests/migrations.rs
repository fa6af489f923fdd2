//! The numbered steps of a deployment, on a chain: what each does, what it refuses, and that it can be run again.

use {
    earnout::state::PlanStatus,
    earnout_e2e::{Chain, Earnout, Finished, PATIENCE, Token, migrate_binary, program_file},
    solana_keypair::Keypair,
    solana_loader_v3_interface::{
        get_program_data_address,
        instruction::{self as loader},
        state::UpgradeableLoaderState,
    },
    solana_program::pubkey::Pubkey,
    solana_signer::Signer,
    solana_system_interface::instruction as system,
    std::{
        fs,
        path::{Path, PathBuf},
        process::{Command, Stdio},
        time::{Duration, Instant},
    },
    tempfile::TempDir,
};

/// What an account of the loader holds before a program's bytes.
const BEFORE_BYTES: usize = 45;
const BEFORE_BUFFER: usize = 37;

/// A chain, and a folder for programs.
struct Scene {
    chain: Chain,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self {
            chain: Chain::start(&["--slot-ms", "50"]),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The program with a byte in a place where it only changes what is logged.
    fn other_program(&self) -> PathBuf {
        const OLD: &[u8] = b"Instruction: SetClaimLock";
        let mut program = fs::read(program_file()).unwrap();
        let at = program.windows(OLD.len()).position(|bytes| bytes == OLD).unwrap();
        program[at + OLD.len() - 1] = b'x';
        self.file("other.so", &program)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, step: &str, options: &[&str], program: &Path) -> Command {
        let mut command = Command::new(migrate_binary());
        command
            .args([step, "--url", &self.chain.rpc_url])
            .arg("--program")
            .arg(program)
            .args(options)
            .stdin(Stdio::null());
        command
    }

    /// Runs a step to its end.
    fn step(&self, step: &str, options: &[&str], program: &Path) -> Finished {
        let mut command = self.command(step, options, program);
        let output = command.output().unwrap();
        Finished::of(&command, output)
    }

    /// Runs a step that sends, with a key of the chain to pay and be the authority.
    fn by(&self, key: &str, step: &str, options: &[&str], program: &Path) -> Finished {
        let key = self.key_file(key);
        self.step(step, &[&["--keypair", &key], options].concat(), program)
    }

    fn key_file(&self, name: &str) -> String {
        self.chain.key_file(name).to_str().unwrap().to_owned()
    }

    /// Authority and bytes of a deployed program.
    async fn deployed(&self, program: &Pubkey) -> (Option<Pubkey>, Vec<u8>) {
        let account = self.chain.account(&get_program_data_address(program)).await;
        let authority = (account[12] == 1).then(|| Pubkey::try_from(&account[13..45]).unwrap());
        (authority, account[BEFORE_BYTES..].to_vec())
    }

    async fn balance(&self, key: &str) -> u64 {
        let key = self.chain.key(key).pubkey();
        self.chain.rpc.get_balance(&key).await.unwrap()
    }
}

/// The address in the first line that has these words before it.
fn address_after(finished: &Finished, words: &str) -> Pubkey {
    let (_, rest) = finished
        .stdout
        .split_once(words)
        .unwrap_or_else(|| panic!("{finished:#?}"));
    let end = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap();
    rest[..end].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_is_shown_then_done_and_never_done_twice() {
    let scene = Scene::new();
    let (built, other) = (program_file(), scene.other_program());
    let bytes = fs::read(&built).unwrap();
    let before = scene.balance("upgrade-authority").await;

    let same = scene
        .by("upgrade-authority", "0001", &["--execute"], &built)
        .succeeded();
    same.shows("Nothing to do: the program has the bytes of the file");
    scene
        .step("0002", &[], &built)
        .succeeded()
        .shows("Checked: the program has the bytes");

    let dry = scene.by("upgrade-authority", "0001", &[], &other).succeeded();
    let (to_write, chunks) = chunks(&dry);
    assert_eq!(to_write, chunks);
    // A transaction has 1,232 bytes, less than 300 of them for other things.
    assert!((bytes.len() / 1_232..bytes.len() / 932).contains(&chunks), "{chunks}");
    let dry = dry
        .shows("dry run: nothing is sent without --execute")
        .shows("Nothing was sent.");
    let buffer = address_after(&dry, "make the buffer ");
    assert_eq!(scene.balance("upgrade-authority").await, before);
    assert_eq!(scene.deployed(&earnout::ID).await.1, bytes);

    // A stranger cannot get in the way by sending lamports to the buffer's address.
    let (stranger, gift) = (scene.chain.key("oracle-1"), 1_000_000);
    let transfer = system::transfer(&stranger.pubkey(), &buffer, gift);
    scene.chain.send(&[transfer], &[&stranger]).await;
    let done = scene
        .by("upgrade-authority", "0001", &["--execute"], &other)
        .succeeded();
    done.shows("Checked: the program has the bytes of the file since slot");
    let (authority, deployed) = scene.deployed(&earnout::ID).await;
    assert_eq!(authority, Some(scene.chain.key("upgrade-authority").pubkey()));
    assert!(deployed == fs::read(&other).unwrap());
    // The buffer is used up and its rent returned: what is gone are fees.
    assert!(scene.chain.rpc.get_account(&buffer).await.is_err());
    let fees = u64::try_from(chunks + 2).unwrap() * 5_000;
    assert_eq!(scene.balance("upgrade-authority").await, before + gift - fees);

    let again = scene
        .by("upgrade-authority", "0001", &["--execute"], &other)
        .succeeded();
    again.shows("Nothing to do");
    assert_eq!(scene.balance("upgrade-authority").await, before + gift - fees);
    scene.step("0002", &[], &other).succeeded();
    scene
        .step("0002", &[], &built)
        .failed(1)
        .in_one_line()
        .says("does not have the bytes of the file: they differ from byte");
}

/// How many chunks are to be written, and how many there are.
fn chunks(dry: &Finished) -> (usize, usize) {
    let (_, line) = dry.stdout.split_once("write ").unwrap();
    let mut numbers = line.split(' ').filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_goes_on_where_it_was_interrupted() {
    let scene = Scene::new();
    let other = scene.other_program();
    let program = fs::read(&other).unwrap();
    let key = scene.key_file("upgrade-authority");
    let options = ["--keypair", key.as_str(), "--execute"];
    let dry = scene.by("upgrade-authority", "0001", &[], &other).succeeded();
    let buffer = address_after(&dry, "make the buffer ");

    // Killed when a part is there.
    let mut command = scene.command("0001", &options, &other);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let written = |account: &[u8]| {
        let bytes = account[BEFORE_BUFFER..].iter().zip(&program);
        bytes
            .filter(|(written, wanted)| **wanted != 0 && written == wanted)
            .count()
    };
    let begun = Instant::now();
    let part = loop {
        assert!(begun.elapsed() < PATIENCE, "nothing is written");
        if let Ok(account) = scene.chain.rpc.get_account(&buffer).await {
            let part = written(&account.data);
            if part > 20_000 {
                break part;
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(part < program.iter().filter(|byte| **byte != 0).count());

    let rest = scene.by("upgrade-authority", "0001", &[], &other).succeeded();
    assert!(!rest.stdout.contains("make the buffer"), "{rest:#?}");
    let (to_write, chunks) = chunks(&rest);
    assert!(to_write < chunks, "{to_write} of {chunks}");
    let done = scene
        .by("upgrade-authority", "0001", &["--execute"], &other)
        .succeeded();
    done.shows("Checked: the program has the bytes of the file");
    assert!(scene.deployed(&earnout::ID).await.1 == program);
    assert!(scene.chain.rpc.get_account(&buffer).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_deployment_needs_the_programs_key() {
    let scene = Scene::new();
    let built = program_file();
    let program = scene.chain.new_key("program", 0).pubkey();
    let (id, key) = (program.to_string(), scene.key_file("program"));
    scene
        .by("payer", "0001", &["--program-id", &id, "--execute"], &built)
        .failed(1)
        .in_one_line()
        .says("so its key is needed: --program-key FILE");
    let wrong = scene.key_file("oracle-1");
    scene
        .by(
            "payer",
            "0001",
            &["--program-id", &id, "--program-key", &wrong, "--execute"],
            &built,
        )
        .failed(1)
        .in_one_line()
        .says("but the program is built for");
    scene
        .step("0002", &["--program-id", &id], &built)
        .failed(1)
        .in_one_line()
        .says("there is no program at");

    let options = ["--program-id", &id, "--program-key", &key];
    let dry = scene.by("payer", "0001", &options, &built).succeeded();
    dry.shows("this source declares")
        .shows("deploy it as")
        .shows("Nothing was sent.");
    assert!(scene.chain.rpc.get_account(&program).await.is_err());
    let execute = [&options[..], &["--execute"]].concat();
    let done = scene.by("payer", "0001", &execute, &built).succeeded();
    done.shows("Checked: the program has the bytes of the file");
    let (authority, deployed) = scene.deployed(&program).await;
    assert_eq!(authority, Some(scene.chain.key("payer").pubkey()));
    assert!(deployed == fs::read(&built).unwrap());
    scene
        .by("payer", "0001", &execute, &built)
        .succeeded()
        .shows("Nothing to do");
    scene.step("0002", &["--program-id", &id], &built).succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_program_gets_more_room() {
    let scene = Scene::new();
    let mut program = fs::read(program_file()).unwrap();
    let length = program.len();
    // Behind what is loaded of the file.
    program.extend([0xab; 100]);
    let larger = scene.file("larger.so", &program);
    let dry = scene.by("upgrade-authority", "0001", &[], &larger).succeeded();
    dry.shows("make the program's account 10240 bytes larger");
    let done = scene
        .by("upgrade-authority", "0001", &["--execute"], &larger)
        .succeeded();
    done.shows("Checked: the program has the bytes of the file");
    let (_, deployed) = scene.deployed(&earnout::ID).await;
    assert_eq!(deployed.len(), length + 10_240);
    assert!(deployed.starts_with(&program));
    assert!(deployed[program.len()..].iter().all(|byte| *byte == 0));
    scene.step("0002", &[], &larger).succeeded();
    scene
        .by("upgrade-authority", "0001", &["--execute"], &larger)
        .succeeded()
        .shows("Nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_is_passed_on_and_given_up() {
    let scene = Scene::new();
    let (built, other) = (program_file(), scene.other_program());
    let [new, old] = ["arbiter", "upgrade-authority"].map(|name| scene.key_file(name));
    let new_key = scene.chain.key("arbiter").pubkey();

    for (key, options, reason) in [
        (
            "payer",
            ["--new-authority", &new].as_slice(),
            "may pass the right on, not",
        ),
        (
            "upgrade-authority",
            &["--new-authority", &new_key.to_string()],
            "cannot sign here",
        ),
    ] {
        let refused = scene.by(key, "0003", &[options, &["--execute"]].concat(), &built);
        refused.failed(1).in_one_line().says(reason);
    }
    let unseen = scene.by("upgrade-authority", "0003", &["--final", "--execute"], &other);
    unseen.failed(1).in_one_line().says("is not passed on unseen");
    let neither = scene.by("upgrade-authority", "0003", &["--execute"], &built);
    neither.failed(2).says("--new-authority");
    assert_eq!(
        scene.deployed(&earnout::ID).await.0,
        Some(scene.chain.key("upgrade-authority").pubkey())
    );

    let dry = scene
        .by("upgrade-authority", "0003", &["--new-authority", &new], &built)
        .succeeded();
    dry.shows(&format!("make the upgrade authority {new_key}"))
        .shows("Nothing was sent.");
    assert_eq!(
        scene.deployed(&earnout::ID).await.0,
        Some(scene.chain.key("upgrade-authority").pubkey())
    );
    let options = ["--new-authority", &new, "--execute"];
    let done = scene.by("upgrade-authority", "0003", &options, &built).succeeded();
    done.shows(&format!("Checked: the upgrade authority is {new_key}"));
    assert_eq!(scene.deployed(&earnout::ID).await.0, Some(new_key));
    scene
        .by("upgrade-authority", "0003", &options, &built)
        .succeeded()
        .shows("Nothing to do");
    // The old one cannot upgrade any more.
    let refused = scene.by("upgrade-authority", "0001", &["--execute"], &other);
    refused
        .failed(1)
        .in_one_line()
        .says(&format!("only {new_key} may upgrade the program"));

    // To an address that does not sign, which a vault of a multisig cannot; somebody else pays.
    let vault = scene.chain.key("upgrade-authority").pubkey().to_string();
    let options = [
        "--authority",
        &new,
        "--new-authority",
        &vault,
        "--unsigned",
        "--execute",
    ];
    scene.by("payer", "0003", &options, &built).succeeded();
    assert_eq!(scene.deployed(&earnout::ID).await.0.unwrap().to_string(), vault);

    let dry = scene
        .by("payer", "0003", &["--authority", &old, "--final"], &built)
        .succeeded();
    dry.shows("nobody can change the program any more")
        .shows("Nothing was sent.");
    scene
        .by("payer", "0003", &["--authority", &old, "--final", "--execute"], &built)
        .succeeded()
        .shows("Checked: the upgrade authority is none");
    assert_eq!(scene.deployed(&earnout::ID).await.0, None);
    scene
        .by("payer", "0003", &["--final", "--execute"], &built)
        .succeeded()
        .shows("Nothing to do");
    scene
        .by("payer", "0003", &["--new-authority", &new, "--execute"], &built)
        .failed(1)
        .in_one_line()
        .says("was given up permanently");
    scene
        .by("upgrade-authority", "0001", &["--execute"], &other)
        .failed(1)
        .in_one_line()
        .says("can never be changed again");
    scene
        .step("0002", &[], &built)
        .succeeded()
        .shows("none: nobody can change the program any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multisig_gets_a_buffer_to_upgrade_from() {
    let scene = Scene::new();
    let other = scene.other_program();
    let vault = scene.chain.key("upgrade-authority");
    let refused = scene.by("payer", "0001", &["--execute"], &other);
    refused
        .failed(1)
        .in_one_line()
        .says("or give --hand-over to write a buffer for it");

    let dry = scene.by("payer", "0001", &["--hand-over"], &other).succeeded();
    let buffer = address_after(&dry, "make the buffer ");
    let dry = dry.shows(&format!("hand it to {}, who upgrades", vault.pubkey()));
    dry.shows("Nothing was sent.");
    let done = scene
        .by("payer", "0001", &["--hand-over", "--execute"], &other)
        .succeeded();
    done.shows("Checked: it has the bytes of the file.");
    scene
        .by("payer", "0001", &["--hand-over", "--execute"], &other)
        .succeeded()
        .shows(&format!("Nothing to do: the buffer {buffer} waits for"));
    assert!(scene.deployed(&earnout::ID).await.1 == fs::read(program_file()).unwrap());

    // What the multisig executes.
    let payer = scene.chain.key("payer");
    let upgrade = loader::upgrade(&earnout::ID, &buffer, &vault.pubkey(), &payer.pubkey());
    scene.chain.send(&[upgrade], &[&payer, &vault]).await;
    scene.step("0002", &[], &other).succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_before_anything_is_sent() {
    let scene = Scene::new();
    let (built, other) = (program_file(), scene.other_program());
    let missing = scene.folder.path().join("missing.so");
    scene
        .by("payer", "0001", &[], &missing)
        .failed(1)
        .in_one_line()
        .says("`cargo xtask build` makes it");
    let words = scene.file("words.so", b"not a program");
    scene
        .by("payer", "0001", &[], &words)
        .failed(1)
        .in_one_line()
        .says("it is not an ELF file");
    let mut old = fs::read(&built).unwrap();
    old[48] = 9;
    let old = scene.file("old.so", &old);
    scene
        .by("upgrade-authority", "0001", &[], &old)
        .failed(1)
        .in_one_line()
        .says("takes no programs of SBPF version 9");

    // An address is enough to look, but not to send.
    let address = scene.chain.key("upgrade-authority").pubkey().to_string();
    let looked = scene.step("0001", &["--keypair", &address], &other).succeeded();
    looked.shows("Nothing was sent.");
    scene
        .step("0001", &["--keypair", &address, "--execute"], &other)
        .failed(1)
        .in_one_line()
        .says("cannot sign");

    // Too poor for the buffer, whose rent the message names.
    let poor = scene.chain.new_key("poor", 1);
    let space = UpgradeableLoaderState::size_of_buffer(fs::read(&other).unwrap().len());
    let rent = scene
        .chain
        .rpc
        .get_minimum_balance_for_rent_exemption(space)
        .await
        .unwrap();
    assert!(rent > 1_000_000_000);
    let authority = scene.key_file("upgrade-authority");
    let refused = scene.by("poor", "0001", &["--authority", &authority, "--execute"], &other);
    refused.failed(1).in_one_line().says("has 1.000000000 SOL, and ");
    assert_eq!(
        scene.chain.rpc.get_balance(&poor.pubkey()).await.unwrap(),
        1_000_000_000
    );

    // Something else is at the address.
    let wallet = scene.chain.key("payer").pubkey().to_string();
    scene
        .step("0002", &["--program-id", &wallet], &built)
        .failed(1)
        .in_one_line()
        .says("is not an upgradeable program");
    let nowhere = Keypair::new().pubkey().to_string();
    scene
        .step("0002", &["--program-id", &nowhere], &built)
        .failed(1)
        .in_one_line()
        .says("step 0001 deploys it");
    let mut command = Command::new(migrate_binary());
    command.args(["0002", "--url", "mainnet", "--program"]).arg(&built);
    let output = command.output().unwrap();
    Finished::of(&command, output).failed(2).says("expected a URL");
    let mut command = Command::new(migrate_binary());
    command
        .args(["0002", "--url", "http://127.0.0.1:1", "--program"])
        .arg(&built);
    let output = command.output().unwrap();
    Finished::of(&command, output)
        .failed(1)
        .in_one_line()
        .says("127.0.0.1:1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_created_from_a_file() {
    let scene = Scene::new();
    let authority = scene.chain.key("authority");
    let token = scene.chain.create_mint(Token::CLASSIC, 6, &authority.pubkey()).await;
    let owner = authority.pubkey();
    scene
        .chain
        .mint_to(&token, &authority, &owner, 100_000_000_000_000)
        .await;
    let home = Earnout::unconfigured();
    home.run(&["plan", "init"]).succeeded();
    let mut text = fs::read_to_string(home.home().join("plan.toml")).unwrap();
    let key = |name: &str| scene.chain.key(name).pubkey();
    for (placeholder, address) in [
        ("<ADDRESS OF THE FIRST ORACLE>", key("oracle-1")),
        ("<ADDRESS OF THE SECOND ORACLE>", key("oracle-2")),
        ("<ADDRESS OF THE THIRD ORACLE>", key("oracle-3")),
        ("<ADDRESS OF THE ARBITER>", key("arbiter")),
        ("<ADDRESS OF THE TOKEN'S MINT>", token.mint),
        ("<ADDRESS OF THE TREASURY>", key("treasury-owner")),
    ] {
        text = text.replace(placeholder, &address.to_string());
    }
    let file = scene.file("plan.toml", text.as_bytes());
    let (file, payer, authority) = (
        file.to_str().unwrap(),
        scene.key_file("payer"),
        scene.key_file("authority"),
    );
    let step = |options: &[&str]| {
        let mut command = Command::new(migrate_binary());
        command
            .args([
                "0004",
                "--url",
                &scene.chain.rpc_url,
                "--keypair",
                &payer,
                "--authority",
                &authority,
            ])
            .args(options)
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        Finished::of(&command, output)
    };

    let options = ["--plan", file, "--activate", "--fund", "1_250.5"];
    step(&options).succeeded().shows("dry run").shows("Nothing was sent.");
    let client = scene.chain.client();
    let plans = || client.plans_of_authority(&owner);
    assert_eq!(plans().await.unwrap().len(), 0);
    let execute = [&options[..], &["--execute"]].concat();
    let done = step(&execute).succeeded();
    let (address, plan) = plans().await.unwrap().remove(0);
    done.shows(&format!(
        "Checked: the plan {address} is on the chain as the file says."
    ));
    assert_eq!(plan.status, PlanStatus::Active.to_byte());
    assert_eq!(plan.funded_total, 1_250_500_000);
    let again = step(&execute).succeeded();
    again.shows("Checked: the plan").shows("nothing is left to be done");
    let (_, unchanged) = plans().await.unwrap().remove(0);
    assert_eq!(unchanged.event_sequence, plan.event_sequence);

    let missing = scene.folder.path().join("missing.toml");
    let refused = step(&["--plan", missing.to_str().unwrap(), "--execute"]);
    refused.failed(1).in_one_line().says("missing.toml");
}

#[test]
fn the_steps_are_numbered() {
    let mut command = Command::new(migrate_binary());
    command.arg("--help");
    let output = command.output().unwrap();
    let help = Finished::of(&command, output).succeeded();
    for step in [
        "0001-deploy-or-upgrade",
        "0002-verify-bytes",
        "0003-set-upgrade-authority",
        "0004-create-plan",
    ] {
        assert!(help.stdout.contains(step), "{help:#?}");
    }
}

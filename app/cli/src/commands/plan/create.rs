//! `earnout plan create`.

use {
    crate::{
        context::{
            app::App,
            time::Moment,
            token::{AmountArg, Token, holding},
        },
        fault::Fault,
        send::{Action, Outgoing, SendArgs, many::present},
        shown::{fields::Fields, mistakes::refused},
    },
    anchor_lang::prelude::{AccountInfo, system_program},
    clap::Args,
    earnout::state::{Plan, PlanStatus},
    earnout_sdk::{
        accounts,
        client::Submission,
        instructions,
        packing::{self, Cost, Group},
        pda,
        plan_file::{Check, Difference, Mistake, Mistakes, PlanFile, cadence_text, read_text},
        terms,
    },
    serde::Serialize,
    solana_account::Account,
    solana_program::{instruction::Instruction, pubkey::Pubkey},
    solana_signer::Signer,
    std::{fmt, path::PathBuf, rc::Rc},
};

/// More than any instruction of a plan's creation takes of a transaction (`docs/compute-units.md`).
const COST: Cost = Cost {
    units: 100_000,
    calls: 8,
};

/// Bytes that a transaction needs besides the instructions of a plan's creation: three for the compute budget and its program.
const BUDGET_BYTES: usize = 64;

/// Where a mint states how many tokens there are.
const MINT_SUPPLY: std::ops::Range<usize> = 36..44;

/// Create the plan of a plan file: the plan, its vault and its KPIs
///
/// The whole file is checked before anything is sent: every mistake is said with its line and field. What is on the chain
/// already is compared with the file term by term, so that the same command goes on where it was interrupted, and refuses a
/// plan that differs. The plan stays a draft, and unfunded, unless the options say otherwise.
///
/// With --dry-run, --export-transaction, --sign-only, --blockhash or --nonce only the next transaction of what is left is
/// made; once it is executed, the same command makes the one after it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ earnout plan create plan.toml
  $ earnout plan create plan.toml --activate --fund 28_800_000
  $ earnout plan create plan.toml --export-transaction -k VAULT")]
pub struct Create {
    /// The plan file
    file: PathBuf,
    /// Freeze the terms permanently when all KPIs are there
    #[arg(long)]
    activate: bool,
    /// Move tokens into the vault until this many have been funded in all, exact: `1_250.5`
    #[arg(long, value_name = "AMOUNT")]
    fund: Option<AmountArg>,
    /// Token account that pays for --fund [default: the authority's associated account]
    #[arg(long, value_name = "ADDRESS", requires = "fund")]
    from: Option<Pubkey>,
    /// Who creates the plan and is its authority [default: the --keypair]
    #[arg(long, value_name = "SIGNER")]
    authority: Option<String>,
    #[command(flatten)]
    send: SendArgs,
}

/// Something that is still to be done.
struct Step {
    /// As an order, for people.
    what: String,
    group: Group,
}

/// Steps that go out together.
struct Transaction {
    /// What it does, for people.
    what: String,
    instructions: Vec<Instruction>,
}

/// Everything that is known about the plan and what it still needs.
struct Scene {
    address: Pubkey,
    token: Token,
    treasury: Pubkey,
    /// As it is on the chain.
    plan: Option<Plan>,
    steps: Vec<Step>,
}

/// What the command shows at the end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    signatures: Vec<String>,
    #[serde(flatten)]
    facts: Fields,
}

impl fmt::Display for Created {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.facts)?;
        for signature in &self.signatures {
            write!(out, "\nSignature: {signature}")?;
        }
        Ok(())
    }
}

impl Create {
    pub async fn run(&self, app: &App) -> Result<(), Fault> {
        let outgoing = self.send.begin(app)?;
        let authority = outgoing.signer(self.authority.as_deref(), "authority")?;
        let text = read_text(&self.file).map_err(|found| refused(app.output(), found))?;
        // Everything that needs no chain first: a file is not checked better by a cluster that answers.
        let file = self.parse(app, &text, &Check::comparison(authority.pubkey()))?;
        let scene = self.look(app, &outgoing, &text, &file, authority.as_ref()).await?;
        if self.makes_one() {
            return self.next(app, &outgoing, &file, &scene, authority).await;
        }
        self.all(app, &text, &file, scene, authority).await
    }

    /// Whether only one transaction is made, because it is not sent here and now.
    fn makes_one(&self) -> bool {
        let send = &self.send;
        send.dry_run || send.export_transaction || send.sign_only || send.is_agreed() || send.save_accounts.is_some()
    }

    fn parse(&self, app: &App, text: &str, check: &Check) -> Result<PlanFile, Fault> {
        PlanFile::parse(text, &self.file, check).map_err(|found| refused(app.output(), found))
    }

    /// A mistake of the file that only the chain shows.
    fn mistake(&self, app: &App, file: &PlanFile, field: &str, what: impl fmt::Display) -> Fault {
        let mistake = Mistake {
            line: file.line(field),
            field: field.to_owned(),
            what: what.to_string(),
        };
        let found = Mistakes {
            file: self.file.clone(),
            mistakes: vec![mistake],
        };
        refused(app.output(), found)
    }

    /// Reads the chain, compares it with the file, and says what is left to be done.
    async fn look(
        &self,
        app: &App,
        outgoing: &Outgoing<'_>,
        text: &str,
        file: &PlanFile,
        authority: &dyn Signer,
    ) -> Result<Scene, Fault> {
        let key = authority.pubkey();
        let address = pda::plan(&key, file.terms.plan_id);
        let plan = self.plan_on_chain(outgoing, &address, file).await?;
        let is_active = match &plan {
            Some(plan) => plan.status()? == PlanStatus::Active,
            None => false,
        };
        if !is_active {
            // What has begun can never be activated.
            self.parse(app, text, &Check::creation(key, outgoing.now().await?))?;
        }
        let (token, mint) = self.token(app, outgoing, file).await?;
        let (treasury, wallet) = self.treasury(app, outgoing, file, &token, &address).await?;
        let mut steps = Vec::new();
        match &plan {
            Some(plan) => self.compare(file, plan, &key, &token, &treasury)?,
            None => {
                self.check_supply(app, file, &mint)?;
                let payer = outgoing.payer()?.pubkey();
                let mut create = Vec::new();
                if let Some(wallet) = wallet {
                    create.push(instructions::create_associated_token_account(
                        &payer,
                        &wallet,
                        &token.mint,
                        &token.program,
                    ));
                }
                create.push(instructions::create_plan(
                    &payer,
                    &key,
                    &token.mint,
                    &treasury,
                    &token.program,
                    file.terms.clone(),
                ));
                steps.push(step("create the plan and its vault".to_owned(), create));
            }
        }
        let present = plan.as_ref().map_or(0, |plan| plan.kpis().len());
        for kpi in file.kpis.iter().skip(present) {
            let add = instructions::add_kpi(&key, &address, kpi.clone());
            steps.push(step(format!("add the KPI {:?}", kpi.name), vec![add]));
        }
        if self.activate && !is_active {
            let activate = instructions::activate_plan(&key, &address, &token.mint);
            steps.push(step("freeze the terms permanently".to_owned(), vec![activate]));
        }
        steps.extend(self.funding(outgoing, plan.as_ref(), &address, &token, &key).await?);
        Ok(Scene {
            address,
            token,
            treasury,
            plan,
            steps,
        })
    }

    /// The plan of this number, if there is one already.
    async fn plan_on_chain(
        &self,
        outgoing: &Outgoing<'_>,
        address: &Pubkey,
        file: &PlanFile,
    ) -> Result<Option<Plan>, Fault> {
        let account = outgoing.account(address).await?;
        // Lamports that somebody sent to the address are not a plan.
        let Some(account) = account.filter(|account| account.owner != system_program::ID) else {
            return Ok(None);
        };
        if accounts::closed_plan(&account.data).is_ok() {
            return Err(Fault::new(format!("the plan number {} was closed", file.terms.plan_id))
                .why(format!(
                    "its address {address} can never be used again; nothing was sent"
                ))
                .advice("choose another number in `plan.id`"));
        }
        Ok(Some(outgoing.plan(address).await?))
    }

    /// The file's mint as the chain has it, if the program accepts it.
    async fn token(&self, app: &App, outgoing: &Outgoing<'_>, file: &PlanFile) -> Result<(Token, Account), Fault> {
        let mint = file.token.mint.unwrap_or_default();
        let account = outgoing.account(&mint).await?;
        let token = Token::of_account(&mint, account.as_ref())?;
        let account = account.unwrap_or_default();
        let accepted = as_info(&mint, &account, |info| {
            earnout::token::check_mint(info, &token.program, file.terms.token_flags)
        });
        if let Err(error) = accepted {
            return Err(self.mistake(app, file, "token.mint", terms::message(&error)));
        }
        if token.decimals != file.token.decimals {
            let what = format!("the mint has {} decimals; expected the same", token.decimals);
            return Err(self.mistake(app, file, "token.decimals", what));
        }
        Ok((token, account))
    }

    /// Percentages are parts of what the file says that exists.
    fn check_supply(&self, app: &App, file: &PlanFile, mint: &Account) -> Result<(), Fault> {
        let supply = mint.data.get(MINT_SUPPLY).and_then(|bytes| bytes.try_into().ok());
        let supply = supply.map(u64::from_le_bytes);
        match (file.token.supply, supply) {
            (Some(stated), Some(supply)) if stated != supply => {
                let shown = earnout_sdk::amount::tokens(supply, file.token.decimals);
                let what = format!("{shown} tokens exist; expected the same, since percentages are parts of it");
                Err(self.mistake(app, file, "token.supply", what))
            }
            _ => Ok(()),
        }
    }

    /// The treasury's token account, and the wallet for which it has to be made first.
    async fn treasury(
        &self,
        app: &App,
        outgoing: &Outgoing<'_>,
        file: &PlanFile,
        token: &Token,
        plan: &Pubkey,
    ) -> Result<(Pubkey, Option<Pubkey>), Fault> {
        let stated = file
            .roles
            .treasury
            .as_ref()
            .and_then(|treasury| treasury.key)
            .unwrap_or_default();
        let account = outgoing.account(&stated).await?;
        let is_of_token_program = account
            .as_ref()
            .is_some_and(|account| earnout::token::require_token_program(&account.owner).is_ok());
        let (address, wallet) = match is_of_token_program {
            true => (stated, None),
            false => (
                pda::associated_token_account(&stated, &token.mint, &token.program),
                Some(stated),
            ),
        };
        // Lamports that somebody sent to the address do not make an account.
        if outgoing.is_vacant(&address).await? {
            return Ok((address, wallet));
        }
        let account = outgoing.account(&address).await?.unwrap_or_default();
        let usable = as_info(&address, &account, |info| {
            earnout::token::check_treasury(info, plan, &token.mint, &token.program)
        });
        match usable {
            Ok(_) => Ok((address, None)),
            Err(_) => {
                let why = match holding(&account) {
                    Some(holding) if holding.mint != token.mint => {
                        format!("is a token account of the mint {}", holding.mint)
                    }
                    Some(_) => "cannot be the treasury: it is the plan's own, or a vault".to_owned(),
                    None => "is not a token account".to_owned(),
                };
                let what = format!("{address} {why}; expected a token account of the plan's mint, or a wallet");
                Err(self.mistake(app, file, "roles.treasury", what))
            }
        }
    }

    /// Refuses a plan on the chain that this file does not make.
    fn compare(
        &self,
        file: &PlanFile,
        plan: &Plan,
        authority: &Pubkey,
        token: &Token,
        treasury: &Pubkey,
    ) -> Result<(), Fault> {
        let mut differences = file.differences(plan, authority)?;
        let mut keys = vec![
            ("token.mint", plan.mint, token.mint),
            ("roles.treasury", plan.treasury, *treasury),
        ];
        keys.push(("roles.authority", plan.authority, *authority));
        let differing = keys.into_iter().filter(|(_, on_chain, in_file)| on_chain != in_file);
        differences.extend(differing.map(|(field, on_chain, in_file)| Difference {
            field: field.to_owned(),
            line: file.line(field),
            on_chain: on_chain.to_string(),
            in_file: in_file.to_string(),
        }));
        let Some(first) = differences.first() else {
            return Ok(());
        };
        let said = |difference: &Difference| {
            let line = difference
                .line
                .map_or_else(String::new, |line| format!(" (line {line})"));
            let Difference {
                field,
                on_chain,
                in_file,
                ..
            } = difference;
            format!("{field}{line} is {on_chain} on the chain and {in_file} in the file")
        };
        let all = differences.iter().map(|difference| {
            serde_json::json!({
                "field": difference.field,
                "line": difference.line,
                "onChain": difference.on_chain,
                "inFile": difference.in_file,
            })
        });
        let others = match differences.len() {
            1 => String::new(),
            count => format!("; {} more differ: {}", count - 1, names(&differences[1..])),
        };
        Err(Fault::new(format!(
            "the plan number {} exists with other terms",
            file.terms.plan_id
        ))
        .why(format!("{}{others}; nothing was sent", said(first)))
        .advice("choose another `plan.id`, or put the file back as it was when the plan was made")
        .detail("differences", all.collect()))
    }

    /// The transfer that --fund still needs.
    async fn funding(
        &self,
        outgoing: &Outgoing<'_>,
        plan: Option<&Plan>,
        address: &Pubkey,
        token: &Token,
        funder: &Pubkey,
    ) -> Result<Option<Step>, Fault> {
        let Some(amount) = &self.fund else {
            return Ok(None);
        };
        let associated = || pda::associated_token_account(funder, &token.mint, &token.program);
        let source = self.from.unwrap_or_else(associated);
        let balance = outgoing.balance(token, &source, "source").await?;
        let funded = plan.map_or(0, |plan| plan.funded_total);
        let missing = match amount.base_units(token)? {
            Some(wanted) => wanted.saturating_sub(funded),
            None => balance,
        };
        if missing == 0 {
            return Ok(None);
        }
        if missing > balance {
            return Err(
                Fault::new(format!("{source} holds less than {}", token.amount(missing)))
                    .why(format!("its balance is {}; nothing was sent", token.amount(balance)))
                    .advice("fund less, or name another source with --from"),
            );
        }
        let fund = instructions::fund(funder, &token.of_plan(address), &source, missing);
        let vault = pda::vault(address);
        let fund = outgoing
            .with_transfer_accounts(fund, token, &source, &vault, funder, missing)
            .await?;
        Ok(Some(step(
            format!("fund it with {}", token.amount(missing)),
            vec![fund],
        )))
    }

    /// What the plan is, for the summary and the result.
    fn facts(&self, file: &PlanFile, scene: &Scene, status: &str) -> Fields {
        let mut facts = Fields::default();
        facts.add("plan", scene.address.to_string());
        facts.add("vault", pda::vault(&scene.address).to_string());
        facts.add("mint", scene.token.mint.to_string());
        facts.add("treasury", scene.treasury.to_string());
        facts.add("start", Moment(file.terms.start_ts));
        facts.add("periods", file.terms.period_count);
        facts.add("cadence", cadence_text(file.terms.cadence));
        facts.add("KPIs", file.kpis.len());
        facts.add("status", status);
        facts
    }

    /// The next transaction of what is left, in the way that the options say.
    async fn next(
        &self,
        app: &App,
        outgoing: &Outgoing<'_>,
        file: &PlanFile,
        scene: &Scene,
        authority: Rc<dyn Signer>,
    ) -> Result<(), Fault> {
        let payer = outgoing.payer()?;
        let transactions = packed(&payer.pubkey(), &scene.steps)?;
        let Some(transaction) = transactions.first() else {
            return self.nothing_left(app, file, scene);
        };
        let rest = transactions.len() - 1;
        if rest > 0 {
            let more = if rest == 1 {
                "1 more follows"
            } else {
                &format!("{rest} more follow")
            };
            app.output().note(format!(
                "This is the next transaction; {more}: run the same command again when it is executed"
            ));
        }
        let action = Action::new("Create the plan", transaction.instructions.clone())
            .address(app, "plan", scene.address)
            .address(app, "mint", scene.token.mint)
            .address(app, "treasury", scene.treasury)
            .fact("steps", &transaction.what)
            .fact("left after it", rest)
            .address(app, "authority", authority.pubkey())
            .signed_by(authority)
            .asking();
        outgoing.execute(action).await
    }

    fn nothing_left(&self, app: &App, file: &PlanFile, scene: &Scene) -> Result<(), Fault> {
        app.output()
            .note("The plan is on the chain as the file says: nothing is left to be done");
        app.output().show(&Created {
            signatures: Vec::new(),
            facts: self.facts(file, scene, status(scene, false)),
        })
    }

    /// All transactions of what is left, each after the one before it is executed.
    async fn all(
        &self,
        app: &App,
        text: &str,
        file: &PlanFile,
        mut scene: Scene,
        authority: Rc<dyn Signer>,
    ) -> Result<(), Fault> {
        if scene.steps.is_empty() {
            return self.nothing_left(app, file, &scene);
        }
        let payer = present(app, self.send.fees.fee_payer.as_deref(), "fee payer")?;
        let authority: Rc<dyn Signer> = match app.is_absent(authority.as_ref()) {
            true => present(app, self.authority.as_deref(), "authority")?,
            false => authority,
        };
        self.summarize(app, file, &scene, &payer.pubkey(), &authority.pubkey())?;
        app.confirm("Create the plan?")?;
        let mut signatures = Vec::new();
        while !scene.steps.is_empty() {
            let transactions = packed(&payer.pubkey(), &scene.steps)?;
            let total = signatures.len() + transactions.len();
            let Some(Transaction { what, instructions }) = transactions.into_iter().next() else {
                break;
            };
            let number = signatures.len() + 1;
            app.output().note(format!("{number} of {total}: {what}"));
            let mut submission =
                Submission::new(instructions, payer.as_ref()).signed_by([authority.as_ref() as &dyn Signer]);
            submission.unit_price = self.send.fees.with_compute_unit_price;
            submission.unit_limit = self.send.fees.with_compute_unit_limit;
            let outgoing = self.send.begin(app)?;
            match outgoing.send_part(&submission).await {
                Ok(signature) => signatures.push(signature),
                Err(fault) => return Err(interrupted(fault, &signatures)),
            }
            // What is left is read from the chain, never remembered.
            let outgoing = self.send.begin(app)?;
            scene = self.look(app, &outgoing, text, file, authority.as_ref()).await?;
        }
        app.output().show(&Created {
            signatures,
            facts: self.facts(file, &scene, status(&scene, true)),
        })
    }

    fn summarize(
        &self,
        app: &App,
        file: &PlanFile,
        scene: &Scene,
        payer: &Pubkey,
        authority: &Pubkey,
    ) -> Result<(), Fault> {
        let title = match &scene.plan {
            Some(_) => "Go on creating the plan",
            None => "Create the plan",
        };
        let mut facts = self.facts(file, scene, status(scene, false));
        facts.add("authority", app.named(authority));
        facts.add("fee payer", app.named(payer));
        facts.add("cluster", app.cluster()?);
        let lines = facts.to_string().replace('\n', "\n  ");
        app.output().note(format!("{title}\n  {lines}"));
        for step in &scene.steps {
            app.output().note(format!("  - {}", step.what));
        }
        Ok(())
    }
}

fn step(what: String, instructions: Vec<Instruction>) -> Step {
    Step {
        what,
        group: Group {
            instructions,
            cost: COST,
        },
    }
}

/// The steps in as few transactions as they fit in.
fn packed(payer: &Pubkey, steps: &[Step]) -> Result<Vec<Transaction>, Fault> {
    // Stands for the instructions of the compute budget, which are known only when the transaction is made.
    let budget = Instruction {
        program_id: Pubkey::new_from_array([u8::MAX; 32]),
        accounts: Vec::new(),
        data: vec![0; BUDGET_BYTES.saturating_sub(32)],
    };
    let groups: Vec<Group> = steps.iter().map(|step| step.group.clone()).collect();
    let packed = packing::pack(payer, &[budget], &groups);
    let packed = packed.map_err(|error| Fault::new("the plan does not fit into a transaction").why(error))?;
    let transactions = packed.into_iter().map(|packed| {
        let steps = steps.get(packed.groups).unwrap_or_default();
        let what: Vec<&str> = steps.iter().map(|step| step.what.as_str()).collect();
        Transaction {
            what: what.join(", "),
            instructions: steps.iter().flat_map(|step| step.group.instructions.clone()).collect(),
        }
    });
    Ok(transactions.collect())
}

/// Where the plan stands.
fn status(scene: &Scene, done: bool) -> &'static str {
    match &scene.plan {
        Some(plan) if plan.status == PlanStatus::Active.to_byte() => "active",
        Some(_) => "draft",
        None if done => "sent",
        None => "not created",
    }
}

/// The names of fields.
fn names(differences: &[Difference]) -> String {
    let names: Vec<&str> = differences.iter().map(|difference| difference.field.as_str()).collect();
    names.join(", ")
}

/// That creating the plan stopped, and how it goes on. What became of the last transaction may be unknown; the fault says so.
fn interrupted(fault: Fault, signatures: &[String]) -> Fault {
    let fault = fault.or_advice("run the same command again: it goes on where it stopped, and does nothing twice");
    if signatures.is_empty() {
        return fault;
    }
    let count = signatures.len();
    let plural = if count == 1 { "" } else { "s" };
    fault
        .during(format!("stopped after {count} transaction{plural}"))
        .detail("signatures", serde_json::json!(signatures))
        .after_a_part()
}

/// Asks the program's own code about an account.
fn as_info<T>(address: &Pubkey, account: &Account, ask: impl FnOnce(&AccountInfo) -> T) -> T {
    let (mut lamports, mut data) = (account.lamports, account.data.clone());
    let owner = account.owner;
    let info = AccountInfo::new(address, false, false, &mut lamports, &mut data, &owner, false);
    ask(&info)
}

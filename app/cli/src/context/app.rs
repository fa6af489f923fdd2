//! What every command works with: the connection, the signers, the output. Each is made when it is first needed, so
//! that a command without a chain needs no configuration.

use {
    crate::{
        args::{Commitment, GlobalArgs},
        context::{config::Config, token::Token},
        fault::Fault,
        shown::{output::Output, text::safe},
    },
    earnout::state::Plan,
    earnout_sdk::{
        client::{Client, FetchError, Policy, Versions, Web},
        signers::Source,
        text::endpoint,
    },
    solana_program::pubkey::Pubkey,
    solana_signature::Signature,
    solana_signer::Signer,
    std::{
        cell::{OnceCell, RefCell},
        collections::{BTreeMap, BTreeSet},
        io::{self, IsTerminal},
        rc::Rc,
        str::FromStr,
        time::Duration,
    },
};

/// What every command works with.
pub struct App {
    global: GlobalArgs,
    output: Output,
    config: OnceCell<Config>,
    client: OnceCell<Client>,
    /// By the string that names them, so that nobody is asked twice.
    signers: RefCell<BTreeMap<String, Rc<dyn Signer>>>,
    /// Those of them who sign elsewhere, and whose signature is not at hand.
    absent: RefCell<BTreeSet<Pubkey>>,
}

impl App {
    pub fn new(global: GlobalArgs) -> Self {
        Self {
            output: Output::new(&global),
            global,
            config: OnceCell::new(),
            client: OnceCell::new(),
            signers: RefCell::default(),
            absent: RefCell::default(),
        }
    }

    /// Where results go.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The configuration of Solana's tools.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn config(&self) -> Result<&Config, Fault> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = Config::load(self.global.config.as_deref())?;
        Ok(self.config.get_or_init(|| config))
    }

    /// The connection.
    ///
    /// # Errors
    /// If no endpoint follows from the command line and the configuration. Whether it answers is seen later.
    pub fn client(&self) -> Result<&Client, Fault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let timeout = Duration::from_secs(self.global.rpc_timeout);
        let client = Client::with_timeout(self.rpc_url()?, self.commitment()?.into(), timeout);
        let client = client.following(self.policy()).sending(self.global.transaction_version);
        Ok(self.client.get_or_init(|| client))
    }

    /// Which transactions the user wants.
    pub fn transaction_version(&self) -> Versions {
        self.global.transaction_version
    }

    /// How what is sent is followed.
    pub fn policy(&self) -> Policy {
        let policy = Policy::default();
        let longest = Duration::from_secs(self.global.wait);
        Policy {
            patience: policy.patience.min(longest),
            longest,
            ..policy
        }
    }

    /// URL of the RPC endpoint.
    ///
    /// # Errors
    /// As [`App::client`].
    pub fn rpc_url(&self) -> Result<String, Fault> {
        self.config()?.rpc_url(self.global.url.as_deref())
    }

    /// URL of the websocket endpoint.
    ///
    /// # Errors
    /// If none follows from the command line and the configuration.
    pub fn ws_url(&self) -> Result<String, Fault> {
        let config = self.config()?;
        config.ws_url(self.global.ws.as_deref(), self.global.url.as_deref())
    }

    /// The endpoint to show: without path and query, into which providers put keys.
    ///
    /// # Errors
    /// As [`App::client`].
    pub fn cluster(&self) -> Result<String, Fault> {
        Ok(endpoint::shown(&self.rpc_url()?))
    }

    /// What `--url` says.
    pub fn url_option(&self) -> Option<&str> {
        self.global.url.as_deref()
    }

    /// What counts as having happened.
    ///
    /// # Errors
    /// If the configuration has a level that does not exist.
    pub fn commitment(&self) -> Result<Commitment, Fault> {
        self.config()?.commitment(self.global.commitment)
    }

    /// The signer that `chosen` names, or else the one of `--keypair` and the configuration. `role` says whose key it
    /// is, where the user is asked for it.
    ///
    /// # Errors
    /// If there is none.
    pub fn signer(&self, chosen: Option<&str>, role: &str) -> Result<Rc<dyn Signer>, Fault> {
        self.signer_or_presigned(chosen, role, &[])
    }

    /// As [`App::signer`]; a bare public key stands for the one of its signatures in `presigned`.
    ///
    /// # Errors
    /// If there is none.
    pub fn signer_or_presigned(
        &self,
        chosen: Option<&str>,
        role: &str,
        presigned: &[(Pubkey, Signature)],
    ) -> Result<Rc<dyn Signer>, Fault> {
        let text = match chosen {
            Some(text) => text.to_owned(),
            None => self.config()?.keypair(self.global.keypair.as_deref()),
        };
        if let Some(signer) = self.signers.borrow().get(&text) {
            return Ok(Rc::clone(signer));
        }
        let source = Source::from_str(&text)?;
        let signer: Rc<dyn Signer> = source.open(role, presigned)?.into();
        if let Source::Key(key) = source
            && !presigned.iter().any(|(signed, _)| *signed == key)
        {
            self.absent.borrow_mut().insert(key);
        }
        self.signers.borrow_mut().insert(text, Rc::clone(&signer));
        Ok(signer)
    }

    /// Whether `signer` signs elsewhere and its signature is not at hand. Hardware wallets are not asked for it.
    pub fn is_absent(&self, signer: &dyn Signer) -> bool {
        // A null signer stands for a key; a file with the same key is another signer.
        let is_null = || {
            signer
                .try_sign_message(&[])
                .is_ok_and(|signature| signature == Signature::default())
        };
        self.absent.borrow().contains(&signer.pubkey()) && !signer.is_interactive() && is_null()
    }

    /// An address with the name that the configuration has for it.
    pub fn named(&self, address: &Pubkey) -> String {
        let address = address.to_string();
        let label = self
            .config()
            .ok()
            .and_then(|config| config.address_labels.get(&address));
        match label {
            Some(label) => format!("{address} ({label})"),
            None => address,
        }
    }

    /// What lies at a URL, which is said, if it has no more than `most` bytes.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn fetch(&self, url: &str, most: usize) -> Result<Vec<u8>, FetchError> {
        self.output.note(format!("Fetching {}", safe(url)));
        let web = Web::new(Duration::from_secs(self.global.rpc_timeout));
        web.get(url, most).await
    }

    /// The token of `mint`.
    ///
    /// # Errors
    /// If there is no mint, or the endpoint does not answer.
    pub async fn token(&self, mint: &Pubkey) -> Result<Token, Fault> {
        Token::of_account(mint, self.client()?.account(mint).await?.as_ref())
    }

    /// The token of `plan`.
    ///
    /// # Errors
    /// As [`App::token`].
    pub async fn token_of(&self, plan: &Plan) -> Result<Token, Fault> {
        self.token(&plan.mint).await
    }

    /// Asks before money moves, unless `--yes` or no terminal.
    ///
    /// # Errors
    /// If the answer is no.
    pub fn confirm(&self, question: &str) -> Result<(), Fault> {
        if self.global.yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(());
        }
        let answer = dialoguer::Confirm::new()
            .with_prompt(question)
            .default(false)
            .interact_opt();
        match answer {
            Ok(Some(true)) => Ok(()),
            Ok(_) => Err(Fault::new("not confirmed: nothing was sent")),
            Err(error) => Err(Fault::new("the question could not be asked")
                .why(error)
                .advice("answer it beforehand with --yes")),
        }
    }

    /// The same fault, or a better one: what is missing may be missing because the program is not on this cluster.
    pub async fn diagnose(&self, fault: Fault) -> Fault {
        if !fault.suspects_cluster() {
            return fault;
        }
        let Ok(client) = self.client() else {
            return fault;
        };
        let program = earnout_sdk::ID;
        match client.account(&program).await {
            Ok(Some(account)) if account.executable => fault,
            Ok(_) => Fault::new(format!(
                "the Earnout program is not on this cluster ({})",
                self.cluster().unwrap_or_default()
            ))
            .why(format!("there is no program at {program}"))
            .advice("name the cluster on which it is: -u mainnet-beta, devnet, localhost or a URL"),
            // That it does not answer any more is not what was wrong.
            Err(_) => fault,
        }
    }
}
